//! The top of the panel: with whom one speaks, and the way out.

use chat_proto::message::{Author, Content};

use super::Chat;
use super::bubble::avatar;
use super::dom::{El, el};
use super::icons::{self, icon};

/// The header.
pub(super) fn header(chat: Chat) -> El {
    let words = chat.words;
    let author = move || latest_author(chat);
    let title = move || author().and_then(|author| author.name).unwrap_or_else(|| words.title.to_owned());
    let close = el("button")
        .class("close")
        .attr("type", "button")
        .attr("aria-label", words.close)
        .on("click", move |_| chat.close())
        .child(icon("icon", icons::CHEVRON));

    el("div")
        .class("header")
        .child_by(
            move || author().map_or("", |author| if author.is_bot { "bot" } else { "person" }),
            move |_| author().map(|author| avatar(&author)),
        )
        .child(el("h2").class("title").live_text(title))
        .child(close)
}

/// Who wrote last on the other side.
fn latest_author(chat: Chat) -> Option<Author> {
    chat.store.rows.with(|rows| {
        rows.iter().rev().find_map(|row| {
            row.item.with_untracked(|item| match &item.content {
                Content::Outbound(message) => Some(message.author.clone()),
                Content::Inbound(_) | Content::Notice(_) => None,
            })
        })
    })
}
