//! What the socket tests share: the server on a free port, a raw socket, and an HTTP client of thirty lines, so that
//! nothing between test and wire is polite.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use simulator::{DEMO_DEPLOYMENT, Options, Server, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) const TOKEN: &str = "3f0e8a7c-15b2-4c1d-9e6f-0a1b2c3d4e5f";
/// Longer than anything takes; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running simulator. Dropped, it stops.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn silent() -> Self {
        Self::start(Options { settings: Settings { agent: false, ..Settings::default() }, ..Options::default() }).await
    }

    pub(crate) async fn start(options: Options) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(Options { address, ..options }).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.run(stopped).await.unwrap();
        });
        Self { address, stop: Some(stop), running }
    }

    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.running.await.unwrap();
    }

    /// No goodbye, as a `kill -9` has none.
    pub(crate) fn kill(self) {
        self.running.abort();
    }

    pub(crate) async fn socket(&self) -> Socket {
        self.upgrade(DEMO_DEPLOYMENT).await.unwrap()
    }

    /// The upgrade, or the HTTP status that it was refused with.
    pub(crate) async fn upgrade(&self, deployment: &str) -> Result<Socket, u16> {
        self.open(&format!("/v1?deploymentId={deployment}")).await
    }

    /// The same on any wire: `target` is the path with its query.
    pub(crate) async fn open(&self, target: &str) -> Result<Socket, u16> {
        let url = format!("ws://{}{target}", self.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", "http://localhost:8080".parse().unwrap());
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Socket(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A socket that has said its configure and heard the answer.
    pub(crate) async fn configured(&self) -> Socket {
        let mut socket = self.socket().await;
        socket.say(&configure()).await;
        assert_eq!(socket.hear().await["class"], "SessionResponse");
        socket
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.http("GET", target, &[("Origin", "http://localhost:8080")], "").await
    }

    /// What is minted at this path for the demo's OAuth client.
    pub(crate) async fn mint(&self, path: &str, body: &str) -> Value {
        let basic = [("Authorization", "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=")];
        let service = self.http("POST", "/oauth/token", &basic, "grant_type=client_credentials").await.json();
        let bearer = format!("Bearer {}", service["access_token"].as_str().unwrap());
        let answer = self.http("POST", path, &[("Authorization", &bearer)], body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// A control request that must succeed.
    pub(crate) async fn control(&self, method: &str, target: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.http(method, &format!("/control/{target}"), &[], &body).await;
        assert!((200..300).contains(&answer.status), "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    pub(crate) async fn inject(&self, rule: Value) {
        assert_eq!(self.control("POST", "faults", &rule).await["injected"], 1);
    }

    /// The texts that were really accepted.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let rows = self.control("GET", &format!("transcript?token={TOKEN}"), &Value::Null).await;
        rows.as_array().unwrap().iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn http(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
        let mut raw = String::new();
        tokio::time::timeout(PATIENCE, stream.read_to_string(&mut raw)).await.unwrap().unwrap();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A client's end of a socket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn say(&mut self, frame: &Value) {
        self.0.send(Message::Text(frame.to_string().into())).await.unwrap();
    }

    pub(crate) async fn hear(&mut self) -> Value {
        match tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap() {
            Some(Ok(Message::Text(frame))) => serde_json::from_str(&frame).unwrap(),
            other => panic!("no frame but {other:?}"),
        }
    }

    /// How the socket ended, and how many frames were heard before.
    pub(crate) async fn end(&mut self) -> (usize, u16) {
        let mut frames = 0;
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Message::Text(_))) => frames += 1,
                Some(Ok(Message::Close(Some(close)))) => return (frames, close.code.into()),
                Some(Ok(Message::Close(None))) => return (frames, 1005),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (frames, 1006),
            }
        }
    }

    pub(crate) async fn ask(&mut self, frame: &Value) -> Value {
        self.say(frame).await;
        self.hear().await
    }
}

pub(crate) fn configure() -> Value {
    json!({"action":"configureSession","token":TOKEN,"deploymentId":DEMO_DEPLOYMENT,"tracingId":"a1"})
}

pub(crate) fn text(text: &str) -> Value {
    json!({"action":"onMessage","token":TOKEN,"tracingId":"m1","message":{"type":"Text","text":text}})
}

pub(crate) fn ask(action: &str) -> Value {
    json!({"action":action,"token":TOKEN,"tracingId":"q1","message":{"type":"Text","text":"ping"}})
}
