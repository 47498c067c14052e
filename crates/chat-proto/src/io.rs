//! Every word that goes into a [`Session`](crate::session::Session) and every word that comes out. Closed enums on both sides:
//! one can list everything that can happen.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::json::Value;
use crate::message::{Item, LocalId};
use crate::phase::ConnectionStatus;
use crate::problem::{Advice, Problem};
use crate::snapshot::{Kept, SharedRecord, Snapshot};
use crate::time::{Millis, Timestamp};

/// A token, or an address with one in it. Prints as the address, without its query, and as nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl core::ops::Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(String::from(text))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.0.split('?').next().filter(|address| address.contains("://"));
        to.write_str(address.unwrap_or("…"))
    }
}

/// Names one socket for life. A word from a socket that the session has given up is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u32);

/// Names one question; its answer comes back under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// What a session can be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A person or the host page wants something.
    Command(Command),
    /// Something happened on a socket.
    Socket(SocketId, SocketEvent),
    /// An answer to [`Output::Request`].
    Response(RequestId, Result<Response, NetError>),
    /// An answer to [`Output::MintToken`]: an unguessable lower-case UUID v4.
    Minted(RequestId, Secret),
    /// The browser says that it has, or has not, a network.
    Network(Connectivity),
    /// The page became visible, was shown again or was resumed.
    Visible,
    /// The page was hidden.
    Hidden,
    /// Another tab wrote the shared record; `None` if it was removed.
    Shared(Option<SharedRecord>),
    /// The deadline has come, or something else made the driver look. Late is fine.
    Timeout,
    /// A message that was written in another tab.
    Handed(Kept),
    /// To a [`Tab`](crate::tab::Tab): about the browser's one lock.
    Lock(LockEvent),
    /// To a [`Tab`](crate::tab::Tab): another tab's [`Output::Post`].
    Heard(Value),
    /// To a [`Tab`](crate::tab::Tab): the page is being left, for good or into the back/forward cache. Always the last word; a page that
    /// comes back begins with a new tab.
    Leaving,
}

/// What becomes of a wish for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockEvent {
    /// This tab holds it.
    Granted,
    /// Another tab has stolen it. It may have been some time ago.
    Lost,
    /// The browser has no locks for this page.
    Unsupported,
}

/// What happened on a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketEvent {
    /// The handshake is done; frames may be sent.
    Opened,
    /// A text frame that is JSON.
    Frame(Value),
    /// A frame that is binary, no JSON, too large or too deep. Reported once, then skipped.
    Unreadable,
    /// The socket is gone. Always the last word of a socket.
    Closed {
        /// The close code as the browser gives it: 1006 where there was no close handshake.
        code: u16,
    },
}

/// Whether the browser has a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// It has one, as far as it knows.
    Online,
    /// It certainly has none.
    Offline,
}

/// All that a person or the host page can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The panel was opened. Connects if needed; what stands in it counts as read.
    Open,
    /// The panel was closed. The connection stays, so that answers arrive.
    Close,
    /// Send this text. Connects if needed.
    Send(String),
    /// The composer now holds this text. Kept across a reload; the agent may be told that the visitor types.
    Draft(String),
    /// Send this failed message again, or this unconfirmed one although it may have arrived.
    Retry(LocalId),
    /// Leave this failed or unconfirmed message be: it is taken out of the conversation.
    Discard(LocalId),
    /// Try to connect now instead of waiting; after a refusal, try again.
    TryNow,
    /// Continue the conversation in this tab after it was taken over elsewhere.
    UseHere,
    /// Start a new conversation after the old one ended.
    NewChat,
    /// Fetch the next page of older messages.
    LoadEarlier,
}

/// What the driver is to do. In order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Make an unguessable token and bring it as [`Input::Minted`].
    MintToken(RequestId),
    /// Ask this by HTTP and bring the answer as [`Input::Response`].
    Request(RequestId, Request),
    /// Open a socket to this URL.
    OpenSocket(SocketId, Secret),
    /// Hand this to the socket, as JSON text.
    SendFrame(SocketId, Value),
    /// Close the socket with 1000 and forget it. No further word from it is wanted.
    CloseSocket(SocketId),
    /// Keep this picture for a reload, before anything after it in this list is done.
    Save(Snapshot),
    /// Tell whoever shows the conversation.
    Event(Event),
    /// From a [`Tab`](crate::tab::Tab): ask for the browser's one lock, and wait in line.
    QueueLock,
    /// From a [`Tab`](crate::tab::Tab): take the lock from whoever holds it.
    StealLock,
    /// From a [`Tab`](crate::tab::Tab): let go of the lock, or leave the line.
    ReleaseLock,
    /// From a [`Tab`](crate::tab::Tab): say this to all other tabs of the browser that show this deployment.
    Post(Value),
    /// From a [`Tab`](crate::tab::Tab): close every socket, and forget every question. No further word of them is wanted.
    LetGo,
}

/// What whoever shows the conversation has to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The state of the connection, whenever it or its countdown changed; and what the visitor can do about the latest trouble, for as long
    /// as that lasts.
    Status(ConnectionStatus, Option<Advice>),
    /// The conversation changed; apply this to the mirrored vector.
    Timeline(TimelineDiff),
    /// A message was said just now (not one from history): the visitor's own once it is sent, and every outbound one.
    Said(Item),
    /// The agent began or stopped typing.
    Typing(bool),
    /// So many outbound messages have come since the panel was last seen open.
    Unread(u32),
    /// Older messages: whether there are more to fetch, and whether a fetch is under way.
    History {
        /// There are older messages at the backend.
        has_more: bool,
        /// A page is being fetched.
        is_loading: bool,
        /// Up to this time of the backend's, nothing is missing of what is newer than the oldest line.
        complete_up_to: Timestamp,
    },
    /// The composer's text as it was before a reload or is in another tab, or with a text given back to it.
    Draft(String),
    /// So much waits to be sent that a further message would be given back as a draft, or there is room again.
    Full(bool),
    /// The panel is to be open, or closed: it was so before a reload, or is so in another tab.
    Panel(bool),
    /// The visitor's place in the line for an agent, where the backend tells it. Told in the tab that leads, so that a page which counts
    /// them counts each once.
    #[cfg(feature = "wires")]
    Queue {
        /// How many are before the visitor, and the visitor; 0 when an agent has taken the conversation.
        position: u32,
        /// The backend's estimate, in seconds, if it has one.
        wait: Option<u32>,
    },
    /// Something went wrong that a developer wants to know. Never holds a token or message text.
    Problem(Problem),
}

/// How the mirrored vector of items changes.
#[derive(Clone, Debug, PartialEq)]
pub enum TimelineDiff {
    /// Everything is replaced.
    Reset(Vec<Item>),
    /// Put this in at the index; what was there and after moves up by one.
    Insert {
        /// Where, at most the present length.
        index: usize,
        /// What.
        item: Item,
    },
    /// Replace the item at the index; its key stays.
    Set {
        /// Where.
        index: usize,
        /// What it is now.
        item: Item,
    },
    /// Take the item at `from` out and put it in again so that it stands at `to`. Its key stays.
    Move {
        /// Where it is.
        from: usize,
        /// Where it will be.
        to: usize,
        /// What it is now.
        item: Item,
    },
    /// Take the item at the index out.
    Remove {
        /// Where.
        index: usize,
    },
}

/// What to ask by HTTP. Never cached.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where; absolute, or relative to the page for the token endpoint.
    pub url: String,
    /// The value of `Authorization`, if one is needed. Never logged.
    pub authorization: Option<String>,
    /// The value of `traceparent`, if it may be told there.
    pub trace: Option<String>,
    /// Sent as JSON.
    pub body: Option<Value>,
    /// Whether cookies go along: only ever to the page's own origin.
    pub with_cookies: bool,
    /// Given up after this time, as [`NetError::Timeout`].
    pub timeout: Millis,
}

/// Never prints the authorization.
impl fmt::Debug for Request {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_tuple("Request").field(&self.method).field(&self.url).field(&self.trace).field(&self.body).finish()
    }
}

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// An HTTP answer of any status.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// How long nobody is to ask again: `Retry-After`, if there is one that can be read.
    pub retry_after: Option<Millis>,
    /// The body; `None` if it is no JSON.
    pub body: Option<Value>,
}

/// Why there is no HTTP answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetError {
    /// The request could not be made or its answer not be read. Browsers do not say why.
    Failed,
    /// No answer in time.
    Timeout,
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn no_token_is_printed_with_what_goes_in_or_comes_out() {
        let grant = Value::object([("token", "planted".into()), ("expires_in", 60_u64.into())]);
        let hello = Value::Array(alloc::vec![grant.clone()]);
        let request = Request {
            method: Method::Post,
            url: "https://api.example/messages".into(),
            authorization: Some("Bearer planted".into()),
            trace: None,
            body: Some(grant.clone()),
            with_cookies: false,
            timeout: 0,
        };
        let response = Response { status: 200, retry_after: None, body: Some(grant) };
        let words = [
            format!("{:?}", Output::OpenSocket(SocketId(1), "wss://chat.example/path?token=planted".into())),
            format!("{:?}", Output::SendFrame(SocketId(1), hello.clone())),
            format!("{:?}", Output::Request(RequestId(1), request)),
            format!("{:?}", Input::Minted(RequestId(1), "planted".into())),
            format!("{:?}", Input::Response(RequestId(1), Ok(response))),
            format!("{:?}", Input::Socket(SocketId(1), SocketEvent::Frame(hello))),
        ];
        for word in &words {
            assert!(!word.contains("planted"), "{word}");
        }
        assert_eq!(words[0], "OpenSocket(SocketId(1), wss://chat.example/path)");
        assert!(words[1].contains(r#""expires_in": 60.0"#), "{}", words[1]);
    }
}
