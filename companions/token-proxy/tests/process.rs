//! The program as an operator meets it: a real process, a real socket, its exit codes and its log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

const KEY: &str = "dGhpcyBpcyB0aGUgcGxhbnRlZCBjb29raWUga2V5ISE=";

/// A running proxy; killed when the test lets go of it.
struct Proxy {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_token-proxy"));
    command.args(args).env("TOKEN_PROXY_KEY", KEY).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(args: &[&str]) -> Proxy {
    start_program(&mut program(&[&["--origin", "https://shop.example", "--port", "0"], args].concat()))
}

fn start_program(program: &mut Command) -> Proxy {
    let mut child = program.spawn().expect("the program starts");
    let mut log = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    while !line.contains("listening on http://") {
        line.clear();
        assert_ne!(log.read_line(&mut line).expect("the log is text"), 0, "ended before it listened");
    }
    let (_, address) = line.trim().split_once("http://").expect("the line says so");
    let address = address.parse().expect("an address");
    Proxy { child, log, address }
}

/// One request over a fresh connection; the whole answer as text.
fn exchange(address: SocketAddr, head: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let fields = format!("host: 127.0.0.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(format!("{head}\r\n{fields}{body}").as_bytes()).expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers in text");
    answer
}

fn refresh(address: SocketAddr, cookie: &str) -> String {
    let head = format!("POST /api/genesys/refresh HTTP/1.1\r\norigin: https://shop.example\r\ncookie: {cookie}");
    exchange(address, &head, "")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start:?} in {text}")) + start.len();
    let length = text[from..].find(end).expect("it ends");
    &text[from..from + length]
}

fn cookie(answer: &str) -> &str {
    between(answer, "set-cookie: ", ";")
}

fn token(answer: &str) -> &str {
    between(answer, "\"token\":\"", "\"")
}

#[cfg(unix)]
fn tell_to_stop(child: &Child) {
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.expect("kill is part of every unix").success());
}

#[test]
fn two_processes_with_one_key_serve_one_visitor() {
    let (one, other) = (start(&[]), start(&[]));
    let first = refresh(one.address, "");
    assert!(first.starts_with("HTTP/1.1 200 OK"), "{first}");
    let second = refresh(other.address, cookie(&first));
    assert_eq!(token(&second), token(&first));
}

/// A service manager may change its mind at once.
#[cfg(unix)]
#[test]
fn a_stop_is_clean_from_the_first_word_on() {
    for _ in 0..20 {
        let mut proxy = start(&[]);
        tell_to_stop(&proxy.child);
        assert!(proxy.child.wait().unwrap().success());
    }
}

#[cfg(unix)]
#[test]
fn log_names_every_refusal_and_no_secret_and_a_stop_is_clean() {
    let mut proxy = start(&[]);
    let granted = refresh(proxy.address, "");
    let (token, cookie) = (token(&granted).to_owned(), cookie(&granted).to_owned());
    refresh(proxy.address, &cookie);
    let evil = format!("POST /api/genesys/refresh?{token} HTTP/1.1\r\norigin: https://evil.example");
    let refused = exchange(proxy.address, &evil, &token);
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    exchange(proxy.address, &format!("GET /{token} HTTP/1.1"), "");

    tell_to_stop(&proxy.child);
    assert!(proxy.child.wait().unwrap().success());
    let mut log = String::new();
    proxy.log.read_to_string(&mut log).unwrap();

    let request_id = between(&refused, "x-request-id: ", "\r\n");
    let line = log.lines().find(|line| line.contains(request_id)).expect("the refusal is logged");
    assert!(line.contains("status=403") && line.contains("origin-not-allowed"), "{line}");
    assert!(log.contains("started") && log.contains("kept"), "{log}");
    let sealed = cookie.split_once('=').unwrap().1;
    for secret in [token.as_str(), sealed, KEY, "planted"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[cfg(unix)]
#[test]
fn stop_is_not_held_up_by_an_idle_connection() {
    let mut proxy = start(&[]);
    let idle = TcpStream::connect(proxy.address).unwrap();
    refresh(proxy.address, "");
    tell_to_stop(&proxy.child);
    assert!(proxy.child.wait().unwrap().success());
    drop(idle);
}

#[test]
fn taken_port_is_one_clear_line() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let output = program(&["--origin=https://shop.example", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&format!("127.0.0.1:{port} is taken")), "{said}");
}

#[test]
fn bad_settings_end_with_code_two_and_a_line_each() {
    let output = program(&["--port", "x", "--life", "y"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.lines().all(|line| line.starts_with("token-proxy: --")), "{said}");
}

#[test]
fn help_goes_to_standard_output() {
    let output = program(&["--help"]).output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("--origin ORIGIN"));
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_ends_with_one_and_a_line() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program(&["--help"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("token-proxy: cannot write to standard output: ") && said.lines().count() == 1, "{said}");
}

/// An API that refuses whoever asks, in his own words, once for each connection.
fn refusing_api() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a visitor");
            let mut heard = [0; 4096];
            let length = socket.read(&mut heard).expect("a question");
            let words = String::from_utf8_lossy(&heard[..length]).replace(['\r', '\n'], " ");
            let length = words.len();
            write!(socket, "HTTP/1.1 401 No\r\ncontent-length: {length}\r\nx-heard: {words}\r\n\r\n{words}")
                .expect("a listener");
        }
    });
    address
}

#[cfg(unix)]
#[test]
fn a_refused_client_is_logged_with_what_to_change_and_without_its_secret() {
    let api = format!("http://{}", refusing_api());
    let args =
        ["--origin=https://shop.example", "--port=0", "--dialect=guest-sessions", "--client-id=c", "--api", &api];
    let mut proxy = start_program(program(&args).env("TOKEN_PROXY_CLIENT_SECRET", "hunter2"));
    let body = r#"{"dialect":"guest-sessions"}"#;
    let head = "POST /api/genesys/refresh HTTP/1.1\r\norigin: https://shop.example";
    let refused = exchange(proxy.address, head, body);
    assert!(refused.starts_with("HTTP/1.1 502") && refused.contains("retry-after: 30\r\n"), "{refused}");

    tell_to_stop(&proxy.child);
    assert!(proxy.child.wait().unwrap().success());
    let mut log = String::new();
    proxy.log.read_to_string(&mut log).unwrap();
    assert!(log.contains("problem=\"client-refused\"") && log.contains("Correct --client-id"), "{log}");
    // As such, and as it goes over the wire behind the id.
    for secret in ["hunter2", "YzpodW50ZXIy"] {
        assert!(!log.contains(secret) && !refused.contains(secret), "{log}{refused}");
    }
}
