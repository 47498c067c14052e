//! The voice for those who listen: one region that is never seen, politely read out and soon emptied, so that nothing is read twice.
//! Tells what was said just now, once it is typed to, and how the connection is; never what comes out of history.

use std::cell::Cell;
use std::rc::Rc;

use chat_proto::message::Content;
use chat_proto::phase::ConnectionStatus;
use gloo_timers::callback::Timeout;

use super::Chat;
use super::bubble::name_of;
use super::dom::{El, el, follow};
use super::timeline::latest_name;

/// How long an announcement stays. Readers have taken it by then, and nobody finds it later by reading on.
const STAYS_MS: u32 = 1_000;
/// How long trouble lasts before it is told of. As in the style sheet: short drops are not worth a word.
const TROUBLE_MS: u32 = 1_500;

/// The announcer.
pub(super) fn announcer(chat: Chat) -> El {
    let region = el("div").class("unseen").attr("aria-live", "polite");
    let voice = Voice { lines: region.clone(), emptying: Rc::default() };
    tell_of_messages(chat, voice.clone());
    tell_of_connection(chat, voice);
    region
}

/// What is read out, and the timer that empties it.
#[derive(Clone)]
struct Voice {
    lines: El,
    emptying: Rc<Cell<Option<Timeout>>>,
}

impl Voice {
    fn say(&self, line: &str) {
        self.lines.clone().child(el("p").text(line));
        let lines = self.lines.node().clone();
        self.emptying.set(Some(Timeout::new(STAYS_MS, move || lines.set_text_content(None))));
    }
}

fn tell_of_messages(chat: Chat, voice: Voice) {
    let (store, words, aloud) = (chat.store, chat.words, chat.aloud);
    let was_typing_told = Rc::new(Cell::new(false));
    follow({
        let (voice, was_typing_told) = (voice.clone(), was_typing_told.clone());
        move || {
            if store.said.with(Vec::is_empty) {
                return;
            }
            for item in store.said.update(std::mem::take) {
                match item.content {
                    Content::Inbound(_) => voice.say(words.sent),
                    Content::Outbound(message) => {
                        was_typing_told.set(false);
                        let text = if message.text.is_empty() { words.not_shown } else { &message.text };
                        voice.say(&(words.said)(&name_of(&message.author, words), text));
                    }
                    Content::Notice(notice) => voice.say(&words.notice(&notice)),
                }
            }
        }
    });
    follow({
        let voice = voice.clone();
        move || {
            // Once for each turn, however often they stop and think.
            if store.is_typing.get() && store.is_open.get() && !was_typing_told.replace(true) {
                voice.say(&(words.typing)(&latest_name(chat)));
            }
        }
    });
    follow(move || {
        if aloud.with(|line| !line.is_empty()) {
            voice.say(&aloud.update(std::mem::take));
        }
    });
}

fn tell_of_connection(chat: Chat, voice: Voice) {
    let (store, words) = (chat.store, chat.words);
    let was_trouble_told = Rc::new(Cell::new(false));
    let trouble: Rc<Cell<Option<Timeout>>> = Rc::default();
    let mut last = None;
    follow(move || {
        // By kind, so that a countdown is not read out.
        let (status, advice) = store.standing.get();
        let now = ((kind_of(status), advice), store.is_open.get());
        if last.replace(now) == Some(now) {
            return;
        }
        let (standing, is_open) = now;
        trouble.set(None);
        if !is_open {
            return;
        }
        if status == ConnectionStatus::Online {
            if was_trouble_told.replace(false) {
                voice.say(words.online_again);
            }
        } else if status != ConnectionStatus::Idle {
            let line = words.status(standing);
            let (voice, was_trouble_told) = (voice.clone(), was_trouble_told.clone());
            let tell = move || {
                was_trouble_told.set(status != ConnectionStatus::Connecting);
                voice.say(&line);
            };
            let delay = if is_passing(status) { TROUBLE_MS } else { 0 };
            trouble.set(Some(Timeout::new(delay, tell)));
        }
    });
}

/// The status without what changes every second.
fn kind_of(status: ConnectionStatus) -> ConnectionStatus {
    match status {
        ConnectionStatus::Reconnecting { .. } => ConnectionStatus::Reconnecting { next_try_in: None },
        other => other,
    }
}

/// Whether it is likely to pass by itself.
fn is_passing(status: ConnectionStatus) -> bool {
    matches!(status, ConnectionStatus::Connecting | ConnectionStatus::Reconnecting { .. } | ConnectionStatus::Offline)
}
