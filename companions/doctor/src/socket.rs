//! One socket: opened, told the hello, listened to until the hello is answered or it is clear that it will not be, and closed with 1000.

use std::io;

use diagnosis::note::form_of;
use diagnosis::observe::{End, Failure};
use diagnosis::wire;
use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::error::ProtocolError;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use crate::Patience;
use crate::net::{Address, Connection, why};

/// The close code where there was no close handshake.
const ABNORMAL: u16 = 1006;

/// What becomes of a socket on which this hello is said.
pub(crate) fn hello(url: &str, origin: &str, hello: &str, patience: Patience) -> End {
    let mut socket = match open(url, origin, patience) {
        Ok(socket) => socket,
        Err(end) => return end,
    };
    socket.get_mut().wait(patience.hello);
    let end = match socket.send(Message::text(hello)) {
        Ok(()) => listen(&mut socket),
        Err(error) => lost(&error),
    };
    // Whether the other side hears the goodbye makes no difference any more.
    let _ = socket.close(Some(tungstenite::protocol::CloseFrame { code: CloseCode::Normal, reason: "".into() }));
    let _ = socket.flush();
    end
}

fn open(url: &str, origin: &str, patience: Patience) -> Result<WebSocket<Connection>, End> {
    let cut = End::Failed(Failure::Cut);
    let address = Address::read(url).ok_or(cut)?;
    let mut request = url.into_client_request().map_err(|_| cut)?;
    request.headers_mut().insert("origin", HeaderValue::from_str(origin).map_err(|_| cut)?);
    let connection = Connection::open(&address, patience.open).map_err(End::Failed)?;
    match tungstenite::client(request, connection) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => {
            let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let body = answer.body().as_deref().unwrap_or_default();
            let form = form_of(kind, &String::from_utf8_lossy(body), false);
            Err(End::Status(answer.status().as_u16(), form))
        }
        Err(HandshakeError::Failure(Error::Io(error))) => Err(End::Failed(why(&error))),
        Err(_) => Err(cut),
    }
}

fn listen(socket: &mut WebSocket<Connection>) -> End {
    loop {
        match socket.read() {
            Ok(Message::Text(frame)) => {
                let frame: Value = serde_json::from_str(&frame).unwrap_or_default();
                let code = frame["code"].as_u64().and_then(|code| code.try_into().ok()).unwrap_or_default();
                if let Some(end) = wire::heard(frame["class"].as_str().unwrap_or_default(), code) {
                    return end;
                }
            }
            Ok(Message::Close(close)) => return End::Closed(close.map_or(1005, |close| close.code.into())),
            Ok(_) => {}
            Err(error) => return lost(&error),
        }
    }
}

fn lost(error: &Error) -> End {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => End::Silent,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => End::Closed(ABNORMAL),
        // What is no frame, or one too large: nobody can talk on that.
        _ => End::Closed(1002),
    }
}
