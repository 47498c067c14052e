//! How far a message of the visitor's got: a mark beside its bubble, and the line under it with the time, or with words and a verb
//! where something is the matter. Both have their room before they are needed, so that text never jumps.

use chat_proto::io::Command;
use chat_proto::message::{Content, Item, LocalId, SendState};
use chat_proto::phase::ConnectionStatus;

use super::Chat;
use super::dom::{El, el};
use super::icons::{self, icon};
use super::status_bar::button;
use crate::store::Shared;

/// How far the message got; a line that is none of the visitor's counts as sent.
pub(super) fn state_of(item: &Shared<Item>) -> SendState {
    item.with(|item| match &item.content {
        Content::Inbound(message) => message.state,
        Content::Outbound(_) | Content::Notice(_) => SendState::Sent,
    })
}

/// The bubble's child that is the mark. None for what is sent.
pub(super) fn marked(bubble: El, item: Shared<Item>) -> El {
    let mark = move |word| {
        let path = match word {
            "sending" => icons::RING,
            "queued" => icons::CLOCK,
            "unconfirmed" => icons::QUESTION,
            "failed" => icons::ALERT,
            _ => return None,
        };
        Some(el("span").class("mark").attr("aria-hidden", "true").child(icon("icon", path)))
    };
    bubble.child_by(move || state_of(&item).word(), mark)
}

/// The line under the bubble.
pub(super) fn send_line(chat: Chat, item: Shared<Item>) -> El {
    let words = chat.words;
    let is_away = move || chat.store.status() == ConnectionStatus::Offline;
    let kind = {
        let item = item.clone();
        move || match state_of(&item) {
            SendState::Sent => "",
            SendState::Sending => words.sending,
            SendState::Queued if is_away() => words.queued_offline,
            SendState::Queued => words.queued,
            SendState::Unconfirmed { ask: false } => words.checking,
            SendState::Unconfirmed { ask: true } => words.unsure,
            SendState::Failed(why) => words.rejection(why),
        }
    };
    // Drawn anew whenever the words change; what they go with has changed then, too.
    let line = move |text: &'static str| {
        let (class, choices) = match state_of(&item) {
            SendState::Sent => return Some(time(chat, item.clone())),
            SendState::Sending => ("unseen", None),
            SendState::Queued => ("later", None),
            SendState::Unconfirmed { ask: false } => ("", None),
            SendState::Unconfirmed { ask: true } => ("", Some([words.send_again, words.leave_it])),
            SendState::Failed(_) => ("", Some([words.retry, words.remove])),
        };
        let line = el("span").class("state").child(el("span").class(class).text(text));
        let id = item.with_untracked(local_id);
        Some(match (choices, id) {
            (Some([again, drop]), Some(id)) => {
                let retry = Command::Retry(id.clone());
                // Where the chat is over there is nothing to try; the message waits for the next one.
                line.child_if(
                    move || !chat.store.status().is_over(),
                    move || button(chat, "choice", "retry", again, retry.clone()),
                )
                .child(button(chat, "choice", "", drop, Command::Discard(id)))
            }
            _ => line,
        })
    };
    el("div").class("meta").child_by(kind, line)
}

/// When it was said.
pub(super) fn time(chat: Chat, item: Shared<Item>) -> El {
    el("time").attr("dir", "auto").live_text(move || chat.clock.time(item.with(|item| item.time)))
}

fn local_id(item: &Item) -> Option<LocalId> {
    match &item.content {
        Content::Inbound(message) => message.local_id.clone(),
        Content::Outbound(_) | Content::Notice(_) => None,
    }
}
