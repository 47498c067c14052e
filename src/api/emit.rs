//! The core's events as the page hears them. What they look like is public: see the table in [`crate::api`].

use chat_proto::config::FieldError;
use chat_proto::io::Event;
use chat_proto::message::{Content, Item};
use chat_proto::phase::ConnectionStatus;
use chat_proto::time::Timestamp;
use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::console;

use crate::driver::object::object;

/// The latest time that JavaScript can write, in milliseconds (ECMA-262, 21.4.1.1).
const LATEST: Timestamp = Timestamp(8_640_000_000_000_000);

/// The way to the page's listeners.
pub(crate) struct Emitter(Function);

impl Emitter {
    pub(crate) fn new(emit: Function) -> Self {
        Self(emit)
    }

    /// Tells the page what is meant for it.
    pub(crate) fn event(&self, event: &Event) {
        match event {
            Event::Said(item) => self.message(item),
            Event::Status(status, _) => self.status(*status),
            Event::Unread(count) => self.emit("unread", &[("count", (*count).into())]),
            #[cfg(feature = "wires")]
            Event::Queue { position, wait } => {
                self.emit("queue", &[("position", (*position).into()), ("waitSeconds", (*wait).into())]);
            }
            Event::Problem(problem) => {
                // What has happened is in these words; sentences would cost the bundle more than they say.
                self.error(problem.word(), problem.cause(), problem.code(), None);
            }
            // The panel's own affairs.
            Event::Timeline(_)
            | Event::Typing(_)
            | Event::History { .. }
            | Event::Draft(_)
            | Event::Full(_)
            | Event::Panel(_) => {}
        }
    }

    /// Names every bad attribute: once in the console, and to the page one by one.
    pub(crate) fn misconfigured(&self, errors: &[FieldError]) {
        self.status(ConnectionStatus::Misconfigured);
        let mut all = String::from("[guest-chat] badly configured:");
        for error in errors {
            let line = String::from(error.attribute) + ": " + &error.problem;
            self.error("misconfigured", None, None, Some(&line));
            all.push('\n');
            all.push_str(&line);
        }
        console::error_1(&all.into());
    }

    fn message(&self, item: &Item) {
        let time = iso(item.time);
        match &item.content {
            Content::Inbound(said) => self.emit(
                "message",
                &[
                    ("id", said.id.as_ref().map(|id| &*id.0).into()),
                    ("direction", "inbound".into()),
                    ("text", (&said.text).into()),
                    ("time", time),
                    ("state", said.state.word().into()),
                ],
            ),
            Content::Outbound(said) => {
                let author = &said.author;
                let author = [("name", author.name.as_deref().into()), ("isBot", author.is_bot.into())];
                self.emit(
                    "message",
                    &[
                        ("id", (&said.id.0).into()),
                        ("direction", "outbound".into()),
                        ("text", (&said.text).into()),
                        ("time", time),
                        ("author", object(&author).into()),
                    ],
                );
            }
            // Nobody said it.
            Content::Notice(_) => {}
        }
    }

    fn status(&self, status: ConnectionStatus) {
        let next_try_in = match status {
            ConnectionStatus::Reconnecting { next_try_in } => next_try_in,
            _ => None,
        };
        self.emit("status", &[("status", status.word().into()), ("nextTryIn", next_try_in.into())]);
    }

    fn error(&self, kind: &str, cause: Option<&str>, code: Option<u16>, message: Option<&str>) {
        let detail =
            [("kind", kind.into()), ("cause", cause.into()), ("code", code.into()), ("message", message.into())];
        self.emit("error", &detail);
    }

    /// What a listener throws is the page's own affair: it is shown, and goes no further.
    fn emit(&self, name: &str, detail: &[(&str, JsValue)]) {
        if let Err(error) = self.0.call2(&JsValue::NULL, &name.into(), &object(detail)) {
            console::error_1(&error);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of this era are far below 2^53")]
fn iso(time: Timestamp) -> JsValue {
    let date = js_sys::Date::new(&(time.min(LATEST).0 as f64).into());
    date.to_iso_string().into()
}
