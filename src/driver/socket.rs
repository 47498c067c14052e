//! One WebSocket ↔ [`SocketEvent`]s. Dropped, it is closed with 1000 and says nothing more. gloo-net's socket is wrapped, because as it
//! stands it would tell a session things that did not happen:
//! - it says "closed, 1000" when it is dropped. A dropped socket here has nobody listening;
//! - a close without a handshake comes as an error and then as a close. Only the close is passed on, once, with its code;
//! - a send while the socket is closing "succeeds". Here it is handed to an open socket or to none, and the close follows;
//! - it panics if the constructor throws what is no `Error`. Here the browser's socket is made first, and wrapped if that worked.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use chat_proto::io::SocketEvent;
use futures::{Sink, Stream};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, State, WebSocketError};

use super::{json, run};

/// The longest frame that is read, in bytes: 256 KiB. The backend's own are 128 KiB at most.
const MAX_FRAME: usize = 256 * 1024;

/// The close code where there was no close handshake.
const ABNORMAL: u16 = 1006;

/// What a browser's normal close says.
const NORMAL: u16 = 1000;

/// A socket that is opening, open or closing.
pub struct Socket {
    raw: web_sys::WebSocket,
    _stream: Rc<RefCell<WebSocket>>,
}

impl Socket {
    /// Opens a socket; `on` hears what happens on it, beginning with `Opened` or `Closed`, and nothing after `Closed`. One that cannot
    /// even be made (an unfit URL, mixed content, the page's policy) is closed from the beginning: `None`, and `on` hears nothing.
    pub fn open(url: &str, on: impl Fn(SocketEvent) + Unpin + 'static) -> Option<Self> {
        let raw = web_sys::WebSocket::new(url).ok()?;
        let stream = Rc::new(RefCell::new(WebSocket::try_from(raw.clone()).ok()?));
        run(Listening { stream: Rc::downgrade(&stream), is_connecting: true, on });
        Some(Self { raw, _stream: stream })
    }

    /// Hands a text over to the browser, if the socket is open.
    pub fn send(&self, text: &str) {
        // In any other state the browser would throw, or throw the text away in silence.
        if self.raw.ready_state() == web_sys::WebSocket::OPEN {
            let _ = self.raw.send_with_str(text);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // gloo-net would close it without a code, which the backend would read as 1005.
        let _ = self.raw.close_with_code(NORMAL);
    }
}

/// What a socket that could not be made would have said.
pub fn never_opened() -> SocketEvent {
    SocketEvent::Closed { code: ABNORMAL }
}

/// The life of a socket, as long as somebody owns it. Written out, because as an `async` block it would be twice as large.
struct Listening<F> {
    stream: Weak<RefCell<WebSocket>>,
    is_connecting: bool,
    on: F,
}

impl<F: Fn(SocketEvent) + Unpin> Future for Listening<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // What is heard may let go of the socket, so nothing of it is held meanwhile.
        while let Some(stream) = self.stream.upgrade() {
            let mut socket = stream.borrow_mut();
            if self.is_connecting {
                let _ = ready!(Pin::new(&mut *socket).poll_ready(context));
                self.is_connecting = false;
                // Opened or failed: a failed one says so by its close.
                if matches!(socket.state(), State::Open) {
                    drop(socket);
                    drop(stream);
                    (self.on)(SocketEvent::Opened);
                }
                continue;
            }
            let word = ready!(Pin::new(&mut *socket).poll_next(context));
            drop(socket);
            drop(stream);
            match word {
                Some(Ok(Message::Text(text))) => (self.on)(read(&text)),
                Some(Ok(Message::Bytes(_))) => (self.on)(SocketEvent::Unreadable),
                Some(Err(WebSocketError::ConnectionClose(close))) => {
                    (self.on)(SocketEvent::Closed { code: close.code });
                    break;
                }
                // An error is followed by the close, which knows the code.
                Some(Err(_)) => {}
                None => {
                    (self.on)(never_opened());
                    break;
                }
            }
        }
        Poll::Ready(())
    }
}

fn read(text: &str) -> SocketEvent {
    let value = if text.len() <= MAX_FRAME { json::parse(text) } else { None };
    value.map_or(SocketEvent::Unreadable, SocketEvent::Frame)
}
