//! The page's JavaScript API, as far as the bundle has it: values of JavaScript in, commands out; events in, values of JavaScript out.
//! Knows nothing of what a command leads to.
//!
//! # What a page can do
//! `www/loader.js` defines `GuestChat(…)`, keeps the page's listeners, and hands on what is for the widget:
//! ```js
//! GuestChat("open");                    // opens the panel, and connects if needed
//! GuestChat("close");                   // closes the panel; the conversation goes on
//! GuestChat("send", "Where is order 1234?"); // connects if needed; opens nothing
//! GuestChat("on", "message", ({ direction, text }) => …); // the loader's
//! GuestChat("diagnose");                // the loader's, with `www/diagnose.js`; asks the widget for its journal
//! GuestChat("destroy");                 // leaves nothing behind
//! ```
//!
//! # What a page can hear
//! | event | detail | when |
//! |---|---|---|
//! | `message` | `{id?, direction, text, time, author?, state?}` | a message was said just now; not for one from history |
//! | `status` | `{status, nextTryIn?}` | the connection's state, or the seconds to the next attempt, changed |
//! | `unread` | `{count}` | so many messages came since the panel was last seen open |
//! | `queue` | `{position, waitSeconds?}` | the visitor's place in the line for an agent, on wires that tell it; 0 when an agent is there |
//! | `error` | `{kind, cause?, code?, message?}` | something that a developer wants to know; the widget goes on by itself where it can |
//!
//! `direction` is `"inbound"` for the visitor's messages and `"outbound"` for an agent's or a bot's; `time` is an ISO 8601 string in UTC;
//! `author` is `{name?, isBot}` and comes with outbound ones, `state` is `"sent"` and the like and comes with inbound ones. `status` is one
//! of the words of `data-status`. `kind` is a stable word, `cause` another where somebody can act on it (`docs/diagnosis.md` has all of
//! them), `code` the number that goes with it (a close code, an HTTP status or one of the protocol's), `message` a sentence
//! where the words do not say it all. What has a cause is written to the console as well. No event holds a token, and only `message` events hold what somebody wrote.

mod emit;
mod settings;

use std::cell::RefCell;
use std::rc::Rc;

use chat_proto::io::Command;
use js_sys::{Array, Function};
use leptos::prelude::Owner;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use web_sys::{ShadowRoot, console};

use crate::driver::{Driver, broken};
use crate::store::ChatStore;
use crate::ui;
use emit::Emitter;

/// The names that [`Widget::call`] knows.
const COMMANDS: &str = "open, close, send";

/// One widget in one page.
#[wasm_bindgen]
pub struct Widget(RefCell<Option<Rc<Parts>>>);

/// In the order in which they are taken apart.
struct Parts {
    /// `None` if the settings cannot be used, or after a bug.
    driver: RefCell<Option<Driver>>,
    face: ui::Mounted,
    signals: Signals,
}

/// Puts a widget into `root`. `settings` are the tag's attributes, `{deploymentId, region, endpoint, tokenUrl}`, each a string or absent;
/// others are ignored. `emit(name, detail)` is called with every event. Settings that cannot be used are all named, in the console, in the
/// panel and by an event each; then there is a widget, but no request, no socket and nothing stored.
///
/// Fails only if this instance of the module is [broken](broken::is_broken).
#[wasm_bindgen]
#[expect(
    clippy::needless_pass_by_value,
    reason = "as wasm-bindgen hands it over, an object costs less than a borrow of one"
)]
pub fn start(root: &ShadowRoot, settings: JsValue, emit: Function) -> Result<Widget, JsValue> {
    if broken::is_broken() {
        return Err(js_sys::Error::new("an earlier internal error stopped this instance").into());
    }
    let emitter = Emitter::new(emit);
    let signals = Signals::new();
    let store = signals.store;
    let driver = match settings::read(&settings) {
        Ok(config) => Some(Driver::new(config, move |event| {
            emitter.event(&event);
            store.apply(event);
        })),
        Err(errors) => {
            emitter.misconfigured(&errors);
            store.misconfigured(errors);
            None
        }
    };
    let say = driver.as_ref().map(Driver::speaker);
    let say = move |command| {
        if let Some(say) = &say {
            say(command);
        }
    };
    let face = signals.owner().with(|| ui::mount(root, store, say));
    if let Some(driver) = &driver {
        driver.start();
    }
    Ok(Widget(RefCell::new(Some(Rc::new(Parts { driver: RefCell::new(driver), face, signals })))))
}

#[wasm_bindgen]
impl Widget {
    /// Does what `GuestChat(name, ...args)` asks for. After [`Widget::destroy`], nothing. The loader's own word beside those is `journal`,
    /// with a function to [tell](Parts::journal).
    pub fn call(&self, name: &str, args: &Array) {
        let parts = self.0.borrow().clone();
        if let Some(parts) = parts.filter(|_| !broken::is_broken()) {
            match name {
                "open" => parts.face.open(),
                "close" => parts.face.close(),
                "send" => parts.send(&args.get(0)),
                "journal" => parts.journal(&args.get(0)),
                _ => warn(&(String::from("\"") + name + "\" is unknown, known are: " + COMMANDS)),
            }
        }
    }

    /// Gives the widget up after a panic. The loader says so, in a task of its own, for it sees the trap. What can still be done is done:
    /// the panel says that the chat has stopped, and the driver is dropped. Either may fail in its turn.
    pub fn broke(&self) {
        broken::set_broken();
        let parts = self.0.borrow().clone();
        if let Some(parts) = parts {
            parts.signals.store.broken();
            drop(parts.driver.take());
        }
    }

    /// Takes the widget out of the page. No element, listener, timer, socket, request or lock of it remains.
    pub fn destroy(&self) {
        // Called from inside of a call, for instance by a listener, the parts go when that call returns.
        let parts = self.0.take();
        drop(parts);
    }
}

impl Parts {
    fn send(&self, text: &JsValue) {
        let say = self.driver.borrow().as_ref().map(Driver::speaker);
        match (text.as_string().filter(|text| !text.trim().is_empty()), say) {
            (None, _) => warn("(\"send\", text) needs a text that is not empty"),
            (Some(_), None) => warn("(\"send\", text) sends nothing while the settings cannot be used"),
            (Some(text), Some(say)) => say(Command::Send(text)),
        }
    }

    /// Tells the last transitions, oldest first, by `tell(at, step)`: when, in milliseconds since 1970, and a number that holds the state it
    /// came from in its highest byte, the one it went to in the next, and the code that went with it in the lower two. The words are in
    /// the diagnosis, which is loaded when it is asked for.
    fn journal(&self, tell: &JsValue) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.journal(|at, step| {
                let _ = tell.unchecked_ref::<Function>().call2(&JsValue::NULL, &at.into(), &step.into());
            });
        }
    }
}

fn warn(problem: &str) {
    let space = if problem.starts_with('(') { "" } else { " " };
    console::warn_1(&(String::from("[guest-chat] GuestChat") + space + problem).into());
}

/// The store, with the owner of its signals.
struct Signals {
    store: ChatStore,
    owner: Option<Owner>,
}

impl Signals {
    fn new() -> Self {
        let owner = Owner::new();
        Self { store: owner.with(ChatStore::new), owner: Some(owner) }
    }

    fn owner(&self) -> Owner {
        self.owner.clone().unwrap_or_default()
    }
}

impl Drop for Signals {
    /// In a microtask, because one that the face has queued just now may still read a signal.
    fn drop(&mut self) {
        let owner = self.owner.take();
        spawn_local(async move { drop(owner) });
    }
}
