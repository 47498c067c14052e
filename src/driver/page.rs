//! What the page goes through: network, visibility, leaving and coming back. Listens for as long as the value
//! lives, and decides nothing.

use chat_proto::io::Connectivity;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{Document, Event, EventTarget, PageTransitionEvent, Window};

/// What can happen to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// The browser has, or has not, a network.
    Network(Connectivity),
    /// It can be seen.
    Visible,
    /// It cannot be seen any more.
    Hidden,
    /// It is being left, or about to be frozen. It may be gone for good, or come back out of the browser's back/forward cache.
    Leaving,
    /// It was left or frozen, and is back as it was, perhaps hours later. May be said twice.
    Back,
}

/// What is listened to, and on what.
const ON_WINDOW: [&str; 4] = ["online", "offline", "pagehide", "pageshow"];
const ON_DOCUMENT: [&str; 3] = ["visibilitychange", "freeze", "resume"];

/// One listener for all of that. Dropped, it is gone.
pub struct Page {
    window: Window,
    document: Document,
    listener: Closure<dyn FnMut(Event)>,
}

impl Page {
    /// Calls `on` with whatever happens from now on.
    pub fn listen(on: impl Fn(PageEvent) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let listener = Closure::new(move |event: Event| {
            if let Some(event) = read(&event) {
                on(event);
            }
        });
        let page = Self { window, document, listener };
        page.each(EventTarget::add_event_listener_with_callback);
        Some(page)
    }

    fn each(&self, act: fn(&EventTarget, &str, &Function) -> Result<(), JsValue>) {
        let listener = self.listener.as_ref().unchecked_ref();
        for kind in ON_WINDOW {
            let _ = act(&self.window, kind, listener);
        }
        for kind in ON_DOCUMENT {
            let _ = act(&self.document, kind, listener);
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.each(EventTarget::remove_event_listener_with_callback);
    }
}

/// Is the page out of sight just now?
pub fn is_hidden() -> bool {
    web_sys::window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
}

/// Is the browser certain to have no network just now?
pub fn is_offline() -> bool {
    web_sys::window().is_some_and(|window| !window.navigator().on_line())
}

fn read(event: &Event) -> Option<PageEvent> {
    Some(match &*event.type_() {
        "online" => PageEvent::Network(Connectivity::Online),
        "offline" => PageEvent::Network(Connectivity::Offline),
        // A frozen page would answer other tabs and could do nothing else: its timers, sockets and requests stand still.
        "pagehide" | "freeze" => PageEvent::Leaving,
        "pageshow" => return came_back(event),
        "visibilitychange" if !is_hidden() => PageEvent::Visible,
        "visibilitychange" => PageEvent::Hidden,
        "resume" => PageEvent::Back,
        _ => return None, // nothing else is listened to
    })
}

/// The first `pageshow` belongs to loading and says nothing.
fn came_back(event: &Event) -> Option<PageEvent> {
    event.dyn_ref::<PageTransitionEvent>()?.persisted().then_some(PageEvent::Back)
}
