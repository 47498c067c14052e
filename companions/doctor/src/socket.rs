//! One socket: opened, talked to as its wire has it until it is clear what becomes of it, and closed with 1000.

use std::io;
use std::time::Instant;

use chat_proto::json::Value;
use diagnosis::note::form_of;
use diagnosis::observe::{End, Failure};
use diagnosis::talk::{Next, Post, Talk};
use tungstenite::client::IntoClientRequest;
use tungstenite::error::ProtocolError;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use crate::http::{Question, ask};
use crate::net::{Address, Connection, why};
use crate::{Patience, ms};

/// The close code where there was no close handshake.
const ABNORMAL: u16 = 1006;

/// What becomes of a socket on which this is talked.
pub(crate) fn attend(mut talk: Talk, origin: &str, patience: Patience) -> End {
    let mut socket = match open(&talk.url(), Some(origin), patience) {
        Ok(socket) => socket,
        Err(end) => return end,
    };
    let opened = Instant::now();
    let now = || u32::try_from(opened.elapsed().as_millis()).unwrap_or(u32::MAX);
    let mut next = talk.opened(now());
    let end = loop {
        next = match next {
            Next::Over(end) => break end,
            Next::Say(words, wait) => {
                socket.get_mut().wait(ms(wait));
                match socket.send(Message::text(words)) {
                    Ok(()) => hear(&mut socket, &mut talk, &now),
                    Err(error) => talk.closed(lost(&error), now()),
                }
            }
            Next::Post(post, _) => talk.answered(sent(&post, origin, patience)),
            Next::For(wait) => {
                socket.get_mut().wait(ms(wait));
                hear(&mut socket, &mut talk, &now)
            }
            Next::Wait => hear(&mut socket, &mut talk, &now),
        };
    };
    // Whether the other side hears the goodbye makes no difference any more.
    let _ = socket.close(Some(tungstenite::protocol::CloseFrame { code: CloseCode::Normal, reason: "".into() }));
    let _ = socket.flush();
    end
}

/// Whether a socket opens there for whoever does not say from which page.
pub(crate) fn opens_to_nobody(talk: &Talk, patience: Patience) -> bool {
    open(&talk.url(), None, patience).is_ok()
}

fn open(url: &str, origin: Option<&str>, patience: Patience) -> Result<WebSocket<Connection>, End> {
    let cut = End::Failed(Failure::Cut);
    let address = Address::read(url).ok_or(cut)?;
    let mut request = url.into_client_request().map_err(|_| cut)?;
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", HeaderValue::from_str(origin).map_err(|_| cut)?);
    }
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

/// What the next word from there leads to, or that there is none.
fn hear(socket: &mut WebSocket<Connection>, talk: &mut Talk, now: &impl Fn() -> u32) -> Next {
    match socket.read() {
        Ok(Message::Text(frame)) => talk.heard(&serde_json::from_str(&frame).unwrap_or(Value::Null), now()),
        Ok(Message::Close(close)) => talk.closed(close.map_or(1005, |close| close.code.into()), now()),
        Ok(_) => Next::Wait,
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::TimedOut => Next::Over(talk.tired()),
        Err(error) => talk.closed(lost(&error), now()),
    }
}

/// The status of the answer, if there was one.
fn sent(post: &Post, origin: &str, patience: Patience) -> Option<u16> {
    let headers = [("Origin", origin), ("Authorization", &*post.authorization), ("Content-Type", "application/json")];
    let question = Question { method: "POST", url: &post.url, headers: &headers, body: &post.body };
    ask(&question, patience.answer).ok().map(|reply| reply.status)
}

fn lost(error: &Error) -> u16 {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => ABNORMAL,
        // What is no frame, or one too large: nobody can talk on that.
        _ => 1002,
    }
}
