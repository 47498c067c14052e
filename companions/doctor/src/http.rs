//! One HTTP/1.1 question over a connection of its own. Follows nothing and keeps nothing: where an answer leads, and what it wants
//! remembered, is just what is to be seen.

use std::io::{Read, Write};
use std::time::Duration;

use diagnosis::observe::Failure;
use serde_json::Value;

use crate::net::{Address, Connection, why};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// What is asked.
pub struct Question<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The whole address.
    pub url: &'a str,
    /// Beside those that every question has.
    pub headers: &'a [(&'a str, &'a str)],
    /// May be empty.
    pub body: &'a str,
}

/// What was answered.
pub struct Reply {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// All headers of that name, in lower case.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// How far the server's clock is ahead of `now`, in seconds; `None` if it does not say. An answer from a cache is as old as it says.
    pub fn clock_ahead(&self, now: Duration) -> Option<i64> {
        let date = httpdate::parse_http_date(self.header("date")?).ok()?;
        let date = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        let age = self.header("age").and_then(|age| age.trim().parse().ok()).unwrap_or(0_i64);
        // Whatever the header says, it is a number of this size at most.
        Some(i64::try_from(date).ok()?.saturating_add(age).saturating_sub(i64::try_from(now.as_secs()).ok()?))
    }
}

/// Asks.
pub fn ask(question: &Question, patience: Duration) -> Result<Reply, Failure> {
    let address = Address::read(question.url).ok_or(Failure::Cut)?;
    let mut connection = Connection::open(&address, patience)?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: application/json\r\nContent-Length: {}\r\n",
        question.method,
        address.path,
        address.authority,
        question.body.len()
    );
    for (name, value) in question.headers {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    head.push_str("\r\n");
    head.push_str(question.body);
    connection.write_all(head.as_bytes()).map_err(|error| why(&error))?;

    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        // Not to the end of the stream: some servers leave that open although they were asked to close.
        if let Some(reply) = read(&bytes, false) {
            return Ok(reply);
        }
        match connection.read(&mut buffer) {
            Ok(0) => return read(&bytes, true).ok_or(Failure::Cut),
            Ok(count) if bytes.len() + count <= MAX_ANSWER => bytes.extend(&buffer[..count]),
            Ok(_) => return Err(Failure::Cut),
            // A TLS server that closes without saying so has still said all.
            Err(error) => return read(&bytes, true).ok_or(why(&error)),
        }
    }
}

/// The reply, if it is complete; what has no length is so at the end of the stream.
pub fn read(bytes: &[u8], is_all: bool) -> Option<Reply> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).ok()? else { return None };
    let status = head.code?;
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|it| (it.name.to_ascii_lowercase(), String::from_utf8_lossy(it.value).trim().to_owned()))
        .collect();
    let named = |name| headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let body = &bytes[length..];
    let body = if matches!(status, 204 | 304) {
        Vec::new()
    } else if named("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked")) {
        unchunked(body)?
    } else if let Some(length) = named("content-length").and_then(|length| length.parse().ok()) {
        body.get(..length)?.to_vec()
    } else if is_all {
        body.to_vec()
    } else {
        return None;
    };
    Some(Reply { status, headers, body })
}

fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((head, size)) = httparse::parse_chunk_size(bytes).ok()? else { return None };
        let size = usize::try_from(size).ok()?;
        let chunk = bytes.get(head..head.checked_add(size)?)?;
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
        bytes = bytes.get(head + size + 2..)?;
    }
}

/// The cookies that a browser would send back to that address: not a `Secure` one by plain http to another machine, not one of another
/// path.
pub fn cookie_for<'a>(url: &str, set: impl Iterator<Item = &'a str>) -> Option<String> {
    let address = Address::read(url)?;
    let is_trusted = url.starts_with("https://") || address.host == "localhost" || address.host.starts_with("127.");
    let path = address.path.split('?').next().unwrap_or_default();
    let kept: Vec<_> = set
        .filter(|cookie| {
            cookie.split(';').skip(1).all(|attribute| {
                let (name, value) = attribute.trim().split_once('=').unwrap_or((attribute.trim(), ""));
                match name.to_ascii_lowercase().as_str() {
                    "secure" => is_trusted,
                    "path" => path
                        .strip_prefix(value)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || value.ends_with('/')),
                    _ => true,
                }
            })
        })
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    (!kept.is_empty()).then(|| kept.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_by_its_length_by_its_chunks_or_with_the_stream() {
        let body = |text: &str, is_all| read(text.as_bytes(), is_all).map(|reply| reply.body);
        let ok = "HTTP/1.1 200 OK\r\n";
        assert_eq!(body(&format!("{ok}Content-Length: 2\r\n\r\nhi!"), false), Some(b"hi".to_vec()));
        assert_eq!(body(&format!("{ok}Content-Length: 9\r\n\r\nhi"), true), None);
        let chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n";
        assert_eq!(body(&format!("{ok}{chunks}0\r\n\r\n"), false), Some(b"hi!".to_vec()));
        assert_eq!(body(&format!("{ok}{chunks}"), true), None);
        assert_eq!(body(&format!("{ok}\r\nhi"), false), None);
        assert_eq!(body(&format!("{ok}\r\nhi"), true), Some(b"hi".to_vec()));
    }

    #[test]
    fn a_cookie_goes_back_where_a_browser_would_send_it() {
        let back = |url, cookie: &str| cookie_for(url, [cookie].into_iter());
        let proxy_s = "a=1; HttpOnly; SameSite=Strict; Secure; Path=/api/genesys";
        assert_eq!(back("https://shop.example/api/genesys/refresh", proxy_s).as_deref(), Some("a=1"));
        assert_eq!(back("http://127.0.0.1:1/api/genesys/refresh", proxy_s).as_deref(), Some("a=1"));
        assert_eq!(back("http://shop.example/api/genesys/refresh", proxy_s), None);
        assert_eq!(back("https://shop.example/api/genesys2/refresh", proxy_s), None);
        assert_eq!(back("https://shop.example/api/refresh", "a=1; Path=/"), Some("a=1".into()));
    }

    #[test]
    fn a_clock_is_read_off_the_date() {
        let dated = "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 01:00:00 GMT\r\nAge: 60\r\n\r\n";
        let reply = read(dated.as_bytes(), false).unwrap();
        assert_eq!(reply.clock_ahead(Duration::from_mins(1)), Some(3600));

        let absurd = dated.replace("60", "9223372036854775807");
        assert_eq!(read(absurd.as_bytes(), false).unwrap().clock_ahead(Duration::ZERO), Some(i64::MAX));
    }
}
