//! One WebSocket ↔ [`SocketEvent`]s. Dropped, it is closed with 1000 and says nothing more. The browser's socket is used as it is:
//! gloo-net's would tell a session things that did not happen ("closed, 1000" when it is dropped, an error before each close, a send
//! while closing that "succeeds"), and its stream costs 4 KB of what travels.

use chat_proto::io::SocketEvent;
use chat_proto::json::Value;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, Event, EventTarget, MessageEvent, WebSocket};

use super::json;

/// The longest frame that is read, in bytes: 256 KiB. The backend's own are 128 KiB at most.
const MAX_FRAME: usize = 256 * 1024;

/// The close code where there was no close handshake.
const ABNORMAL: u16 = 1006;

/// What a browser's normal close says. Without a code, the backend would read 1005.
const NORMAL: u16 = 1000;

/// What is listened to. Not to `error`: it is followed by the close, which knows the code.
const EVENTS: [&str; 3] = ["open", "message", "close"];

/// A socket that is opening, open or closing.
pub struct Socket {
    raw: WebSocket,
    listener: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Opens a socket; `on` hears what happens on it, beginning with `Opened` or `Closed`, and nothing after `Closed`. One that cannot
    /// even be made (an unfit URL, mixed content, the page's policy) is closed from the beginning: `None`, and `on` hears nothing.
    pub fn open(url: &str, on: impl Fn(SocketEvent) + 'static) -> Option<Self> {
        let raw = WebSocket::new(url).ok()?;
        let socket = Self { raw, listener: Closure::new(move |event| on(read(event))) };
        socket.each(EventTarget::add_event_listener_with_callback);
        Some(socket)
    }

    /// Hands a text over to the browser, if the socket is open.
    pub fn send(&self, text: &str) {
        // In any other state the browser would throw, or throw the text away in silence.
        if self.raw.ready_state() == WebSocket::OPEN {
            let _ = self.raw.send_with_str(text);
        }
    }

    fn each(&self, act: fn(&EventTarget, &str, &Function) -> Result<(), JsValue>) {
        for kind in EVENTS {
            let _ = act(&self.raw, kind, self.listener.as_ref().unchecked_ref());
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.each(EventTarget::remove_event_listener_with_callback);
        let _ = self.raw.close_with_code(NORMAL);
    }
}

/// What a socket that could not be made would have said.
pub fn never_opened() -> SocketEvent {
    SocketEvent::Closed { code: ABNORMAL }
}

fn read(event: Event) -> SocketEvent {
    match &*event.type_() {
        "open" => SocketEvent::Opened,
        "close" => SocketEvent::Closed { code: event.unchecked_into::<CloseEvent>().code() },
        _ => frame(&event.unchecked_into::<MessageEvent>()).map_or(SocketEvent::Unreadable, SocketEvent::Frame),
    }
}

/// `None` for bytes, too: the backend speaks text.
fn frame(event: &MessageEvent) -> Option<Value> {
    let text = event.data().as_string().filter(|text| text.len() <= MAX_FRAME)?;
    json::parse(&text)
}
