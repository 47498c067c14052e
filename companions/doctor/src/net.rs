//! A host reached: name, connection, encryption, each with its own way to fail; and a deadline for all that is read afterwards.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diagnosis::observe::Failure;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// What an address is made of, as far as a connection goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    is_secure: bool,
    /// As in a URL: an IPv6 address in brackets.
    pub(crate) host: &'a str,
    port: u16,
    /// `host` or `host:port`, for the Host header.
    pub(crate) authority: &'a str,
    /// Path and query.
    pub(crate) path: &'a str,
}

impl<'a> Address<'a> {
    /// Reads `http`, `https`, `ws` and `wss` addresses.
    pub(crate) fn read(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_secure = match scheme {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return None,
        };
        let cut = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(cut);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, if is_secure { 443 } else { 80 }),
        };
        Some(Self { is_secure, host, port, authority, path: if path.is_empty() { "/" } else { path } })
    }
}

/// A connection that gives up at its deadline.
pub(crate) struct Connection {
    stream: Stream,
    deadline: Instant,
}

enum Stream {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    /// Reaches the host, encryption included.
    pub(crate) fn open(address: &Address, patience: Duration) -> Result<Self, Failure> {
        let deadline = Instant::now() + patience;
        let name = address.host.trim_matches(['[', ']']);
        let addresses: Vec<_> = (name, address.port).to_socket_addrs().map_err(|_| Failure::Name)?.collect();
        let mut failure = Failure::Name;
        for address_of_host in addresses {
            match TcpStream::connect_timeout(&address_of_host, left(deadline)) {
                Ok(stream) => {
                    let plain = Self { stream: Stream::Plain(stream), deadline };
                    return if address.is_secure { plain.encrypt(name) } else { Ok(plain) };
                }
                Err(error) => failure = why(&error),
            }
        }
        Err(failure)
    }

    /// From now on there is so much time left.
    pub(crate) fn wait(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    fn encrypt(self, name: &str) -> Result<Self, Failure> {
        let Stream::Plain(mut stream) = self.stream else { return Ok(self) };
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Failure::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).map_err(|_| Failure::Tls)?;
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|_| Failure::Tls)?;
        while connection.is_handshaking() {
            limit(&stream, self.deadline).map_err(|error| why(&error))?;
            connection.complete_io(&mut stream).map_err(|error| why_not_encrypted(&error))?;
        }
        Ok(Self { stream: Stream::Encrypted(Box::new(StreamOwned::new(connection, stream))), deadline: self.deadline })
    }

    fn limit(&self) -> io::Result<()> {
        match &self.stream {
            Stream::Plain(stream) => limit(stream, self.deadline),
            Stream::Encrypted(stream) => limit(&stream.sock, self.deadline),
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Encrypted(stream) => stream.read(buffer),
        };
        read.map_err(timed_out)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.limit()?;
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Encrypted(stream) => stream.write(bytes),
        };
        written.map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.flush(),
            Stream::Encrypted(stream) => stream.flush(),
        }
    }
}

/// A read that has taken too long is "would block" on most systems; others take that for an invitation to come again.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

fn limit(stream: &TcpStream, deadline: Instant) -> io::Result<()> {
    let left = left(deadline);
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))
}

/// Never nothing: a timeout of zero means none to the system.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// What an error says about the way.
pub(crate) fn why(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::Timeout,
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Failure::Refused
        }
        _ => Failure::Cut,
    }
}

fn why_not_encrypted(error: &io::Error) -> Failure {
    let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
    match (of_tls, why(error)) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => Failure::Certificate,
        (_, Failure::Timeout) => Failure::Timeout,
        _ => Failure::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let read = |url| Address::read(url).map(|it| (it.is_secure, it.host, it.port, it.path));
        assert_eq!(read("https://shop.example"), Some((true, "shop.example", 443, "/")));
        assert_eq!(read("ws://[::1]:9000/v1?a=b"), Some((false, "[::1]", 9000, "/v1?a=b")));
        assert_eq!(read("http://[::1]/x"), Some((false, "[::1]", 80, "/x")));
        assert_eq!(read("ftp://shop.example"), None);
    }
}
