//! The one question a command asks over HTTP: does this address answer, and with which status? Loopback and plain HTTP only.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long one question may take. Long enough for a debug build on a busy machine; the asker asks again anyway.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer: its status code and everything after the head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// `GET path` on loopback; `None` when nobody answers, or not in HTTP.
pub(crate) fn get(port: u16, path: &str) -> Option<Answer> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    // HTTP/1.0: the server closes after the body and does not send it in chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;

    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    answer(&bytes)
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let mut words = head.lines().next()?.split(' ');
    let status = words.next().filter(|word| word.starts_with("HTTP/1.")).and_then(|_| words.next());
    Some(Answer { status: status?.parse().ok()?, body: bytes[head_end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_body_are_read_from_an_answer() {
        let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
        assert_eq!(answer(bytes), Some(Answer { status: 404, body: b"no".to_vec() }));
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        assert_eq!(answer(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), None);
        assert_eq!(answer(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
