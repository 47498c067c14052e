//! One line about the connection, laid over the top of the transcript so that nothing under it moves. Empty while all is well. That it
//! appears only after a while of trouble is the style sheet's doing: short drops are invisible, and no timer is needed.

use chat_proto::io::Command;
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Advice;

use super::Chat;
use super::dom::{El, el};

/// The status line.
pub(super) fn status_bar(chat: Chat) -> El {
    let (store, words) = (chat.store, chat.words);
    let text = move || if store.broken.get() { words.broken.to_owned() } else { words.status(store.standing.get()) };
    // By kind, so that a countdown does not build the button anew under the visitor's finger.
    let kind = move || match store.standing.get() {
        _ if store.broken.get() => "broken",
        // There is nothing to do but wait.
        (_, Some(Advice::Wait)) => "",
        (status, _) => status.word(),
    };
    let action = move |kind| match kind {
        "reconnecting" => Some(button(chat, "action", "", words.try_now, Command::TryNow)),
        "refused" => Some(button(chat, "action", "", words.try_again, Command::TryNow)),
        "evicted" => Some(button(chat, "action", "use-here", words.use_here, Command::UseHere)),
        _ => None,
    };

    el("div")
        .part("status")
        .class("status")
        .live_class("shown", move || !text().is_empty())
        .live_class("broken", move || store.broken.get())
        .live_attr("data-status", move || store.status().word().to_owned())
        .child(el("span").class("words").live_text(text))
        .child_by(kind, action)
}

/// A button that says this command and gives the word back to the visitor.
pub(super) fn button(chat: Chat, class: &str, part: &str, words: &str, command: Command) -> El {
    let press = move |_| chat.say_and_write(command.clone());
    el("button").class(class).part(part).attr("type", "button").text(words).on("click", press)
}

/// Whether nothing can be written now.
pub(super) fn is_closed_for_writing(chat: Chat) -> bool {
    let status = chat.store.status();
    status.is_over() || status == ConnectionStatus::Misconfigured || chat.store.broken.get()
}
