//! A site on this machine: the simulator, the token proxy, or a stand-in for either that answers whatever a test wants.
#![allow(dead_code, unreachable_pub, reason = "each test file is a crate and uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use diagnosis::plan::Settings;
use doctor::http::{Question, ask};
use doctor::{Patience, examine};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use simulator::{DEMO_DEPLOYMENT, Options, Server};
use tokio::runtime::{Builder, Runtime};

/// Base64 of 32 bytes.
const KEY: &str = "dGhpcyBpcyB0aGUgcGxhbnRlZCBjb29raWUga2V5ISE=";

/// Longer than anything takes here; what is meant to take too long takes for ever.
pub const PATIENCE: Patience =
    Patience { answer: Duration::from_secs(2), open: Duration::from_secs(2), hello: Duration::from_secs(2) };

/// The programs that run beside a test, until it lets go of them.
pub struct Site {
    runtime: Runtime,
    pub settings: Settings,
    /// Written as a message.
    pub text: Option<&'static str>,
    pub patience: Patience,
}

impl Site {
    /// A simulator with these settings, and no token endpoint.
    pub fn new(settings: simulator::Settings) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = Options { settings, address: SocketAddr::from(([127, 0, 0, 1], 0)), ..Options::default() };
        let server = runtime.block_on(Server::bind(options)).unwrap();
        let endpoint = format!("http://{}", server.address());
        runtime.spawn(server.run(std::future::pending::<()>()));
        let settings = Settings {
            deployment_id: Some(DEMO_DEPLOYMENT.into()),
            endpoint: Some(endpoint),
            page_origin: "http://localhost:8080".into(),
            ..Settings::default()
        };
        Self { runtime, settings, text: None, patience: PATIENCE }
    }

    /// The demo's simulator.
    pub fn plain() -> Self {
        Self::new(simulator::Settings { agent: false, ..simulator::Settings::default() })
    }

    /// With a token proxy whose own origin is the page's, started with these further arguments.
    pub fn with_proxy(mut self, arguments: &[&str]) -> Self {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let own = ["--origin", &origin, "--insecure-cookie", "--fault-control"];
        let own = if arguments.contains(&"--origin") { &own[2..] } else { &own[..] };
        let all = own.iter().chain(arguments).map(|it| (*it).to_owned());
        let client_secret = arguments.contains(&"--client-id").then(|| "demo-secret".into());
        let environment = token_proxy::Environment { key: Some(KEY.into()), client_secret };
        let Ok(token_proxy::Command::Serve(settings)) = token_proxy::Command::read(all, environment) else {
            panic!("the proxy's settings are bad: {arguments:?}")
        };
        self.runtime.spawn(token_proxy::serve(listener, token_proxy::router(*settings), std::future::pending::<()>()));
        self.settings.token_url = Some(format!("{origin}/api/genesys/refresh"));
        self.settings.page_origin = origin;
        self
    }

    /// With a token endpoint that always gives this answer: status line and headers without the first words, and a body.
    pub fn with_endpoint(self, head: &'static str, body: &'static str) -> Self {
        self.with_endpoint_at(canned(head, body))
    }

    /// With a token endpoint on this origin, which is the page's.
    pub fn with_endpoint_at(mut self, origin: String) -> Self {
        self.settings.token_url = Some(format!("{origin}/token"));
        self.settings.page_origin = origin;
        self
    }

    /// Lets the simulator fail by this rule.
    pub fn fault(self, rule: &str) -> Self {
        let endpoint = self.settings.endpoint.clone().unwrap();
        control(&format!("{endpoint}/control/faults"), rule);
        self
    }

    /// Changes the simulator's settings.
    pub fn set(self, settings: &str) -> Self {
        let endpoint = self.settings.endpoint.clone().unwrap();
        control(&format!("{endpoint}/control/settings"), settings);
        self
    }

    /// With something between page and token proxy, which may ask the proxy what it was asked and answers with a head and a body.
    pub fn between(
        mut self,
        attend: impl Fn(&str, &dyn Fn(&str) -> (String, String)) -> (String, String) + Send + 'static,
    ) -> Self {
        let proxy = self.settings.page_origin.clone();
        let address = serve(move |mut stream| {
            let question = read(&mut stream);
            let upstream = |question: &str| {
                let mut upstream = TcpStream::connect(proxy.trim_start_matches("http://")).unwrap();
                let origin = question.lines().find(|line| line.starts_with("Origin:")).unwrap();
                let question = question.replacen(origin, &format!("Origin: {proxy}"), 1);
                upstream.write_all(question.as_bytes()).unwrap();
                let mut reply = String::new();
                upstream.read_to_string(&mut reply).unwrap();
                let (head, body) = reply.split_once("\r\n\r\n").unwrap();
                let kept = |line: &&str| !line.to_ascii_lowercase().starts_with("content-length");
                let head = head.trim_start_matches("HTTP/1.1 ").split("\r\n").filter(kept).collect::<Vec<_>>();
                (head.join("\r\n"), body.to_owned())
            };
            let (head, body) = attend(&question, &upstream);
            write_answer(&mut stream, &head, &body);
        });
        self.settings.page_origin = address.replace("tcp:", "http:");
        self.settings.token_url = Some(format!("{}/api/genesys/refresh", self.settings.page_origin));
        self
    }

    /// Lets the token proxy fail.
    pub fn token_fault(self, orders: &str) -> Self {
        control(&format!("{}/control/faults", self.settings.page_origin), orders);
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub fn examine(&self) -> diagnosis::Observations {
        examine(&self.settings, self.patience, self.text)
    }

    /// Another wire, with a token proxy that mints for it.
    pub fn on(dialect: &'static str, settings: simulator::Settings) -> Self {
        let mut site = Self::new(settings);
        site.settings.dialect = Some(dialect.into());
        site.minting(&[dialect])
    }

    /// With a token proxy that serves these wires.
    pub fn minting(self, dialects: &[&str]) -> Self {
        let api = self.settings.endpoint.clone().unwrap();
        let mut arguments = vec!["--api", &api, "--client-id", "demo-client"];
        arguments.extend(dialects.iter().flat_map(|dialect| ["--dialect", dialect]));
        self.with_proxy(&arguments)
    }

    /// With a message that the doctor is to write.
    pub fn saying(mut self, text: &'static str) -> Self {
        self.text = Some(text);
        self
    }

    pub fn get(&self, target: &str) -> String {
        let url = self.settings.endpoint.clone().unwrap() + target;
        let reply = ask(&Question { method: "GET", url: &url, headers: &[], body: "" }, PATIENCE.answer).unwrap();
        String::from_utf8(reply.body).unwrap()
    }
}

fn control(url: &str, body: &str) {
    let headers = [("Content-Type", "application/json")];
    let reply = ask(&Question { method: "POST", url, headers: &headers, body }, PATIENCE.answer).unwrap();
    assert!((200..300).contains(&reply.status), "{url}: {}", String::from_utf8_lossy(&reply.body));
}

/// A server that hands every connection on to this origin, with the beginning of what is asked changed; its own origin.
pub fn forwarding(to: &str, change: fn(&str) -> String) -> String {
    let to = to.trim_start_matches("http://").to_owned();
    let address = serve(move |mut stream| {
        let mut upstream = TcpStream::connect(&to).unwrap();
        upstream.write_all(change(&read(&mut stream)).as_bytes()).unwrap();
        let (mut up, mut down) = (stream.try_clone().unwrap(), upstream.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut up, &mut down));
        thread::spawn(move || std::io::copy(&mut upstream, &mut stream));
    });
    address.replace("tcp:", "http:")
}

/// A server that gives everybody the same answer; its origin.
pub fn canned(head: &'static str, body: &'static str) -> String {
    serve(move |mut stream| answer(&mut stream, head, body)).replace("tcp:", "http:")
}

/// The same by TLS, with a certificate for this very host that nobody but the server itself has signed.
pub fn self_signed(head: &'static str, body: &'static str) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let origin = serve(move |mut stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        answer(&mut rustls::Stream::new(&mut connection, &mut stream), head, body);
    });
    origin.replace("tcp:", "https:").replace("127.0.0.1", "localhost")
}

/// Hands every connection over, one after the other; the address, led by `tcp://`.
fn serve(attend: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| attend(stream.unwrap())));
    address
}

fn answer(stream: &mut (impl Read + Write), head: &str, body: &str) {
    read(stream);
    write_answer(stream, head, body);
}

/// The question is short, and comes in one piece on this machine. Who asks may think better of it.
fn read(stream: &mut impl Read) -> String {
    let mut question = [0; 4096];
    let length = stream.read(&mut question).unwrap_or_default();
    String::from_utf8_lossy(&question[..length]).into_owned()
}

fn write_answer(stream: &mut impl Write, head: &str, body: &str) {
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}

/// An origin where nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
