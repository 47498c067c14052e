//! One line of the transcript: a message of the visitor's, a message of the other side's, or a notice, under the day that it
//! begins. Everything that can change is bound to the line's signals; the element itself stays the same one for life.

use chat_proto::message::{Author, Content, Item};
use chat_proto::text::{Part, parts};

use super::Chat;
use super::dom::{El, el};
use super::icons::{self, icon};
use super::send_state::{marked, send_line, state_of, time};
use crate::store::{Place, Row, Shared};
use crate::strings::Words;

/// A line.
pub(super) fn line(chat: Chat, row: &Row) -> El {
    let (item, place) = (row.item.clone(), row.place.clone());
    let day = {
        let place = place.clone();
        let label = move || {
            let day = place.get().new_day;
            day.map_or_else(String::new, |day| chat.clock.day(day, chat.store.today.get(), chat.words))
        };
        move || el("p").part("notice").class("notice day").live_text(label.clone())
    };
    // What a line is never changes, only how it stands.
    let said = match item.with_untracked(|item| item.content.clone()) {
        Content::Inbound(_) => inbound(chat, item, place.clone()),
        Content::Outbound(message) => outbound(chat, item, place.clone(), message.author),
        Content::Notice(_) => notice(chat, item),
    };
    let line = el("div")
        .class(if row.is_fresh { "line fresh" } else { "line" })
        .child_if(move || place.get().new_day.is_some(), day)
        .child(said);
    // An element that moves would rise again; it has risen.
    let risen = line.node().class_list();
    line.on("animationend", move |_| _ = risen.remove_1("fresh"))
}

fn message(direction: &str, place: Shared<Place>) -> El {
    let opens = place.clone();
    el("div")
        .part("message")
        .class("message")
        .live_class("opens", move || opens.get().opens_group)
        .live_class("closes", move || place.get().closes_group)
        .attr("data-direction", direction)
}

/// A message of the visitor's.
fn inbound(chat: Chat, item: Shared<Item>, place: Shared<Place>) -> El {
    let state = item.clone();
    message("inbound", place)
        .live_attr("data-state", move || state_of(&state).word().to_owned())
        .child(el("span").class("unseen").text(chat.words.you).text(": "))
        .child(marked(el("div").class("bubble").child(text(&item)), item.clone()))
        .child(send_line(chat, item))
}

/// A message of an agent's or a bot's.
fn outbound(chat: Chat, item: Shared<Item>, place: Shared<Place>, author: Author) -> El {
    let words = chat.words;
    let not_shown = {
        let item = item.clone();
        move || {
            item.with(|item| match &item.content {
                Content::Outbound(message) if !message.has_more => "",
                Content::Outbound(message) if message.text.is_empty() => words.not_shown,
                Content::Outbound(_) => words.partly_shown,
                Content::Inbound(_) | Content::Notice(_) => "",
            })
        }
    };
    let (opens, closes) = (place.clone(), place.clone());
    let name = el("p")
        .class("author")
        .live_class("unseen", move || !opens.get().opens_group)
        .text(&name_of(&author, words))
        .child(el("span").class("unseen").text(": "));
    let bubble = el("div")
        .class("bubble")
        .child(text(&item))
        .child_by(not_shown, |words| (!words.is_empty()).then(|| el("p").class("not-shown").text(words)));
    message("outbound", place)
        .child(name)
        .child_if(move || closes.get().closes_group, move || avatar(&author))
        .child(bubble)
        .child(el("p").class("meta").child(time(chat, item)))
}

/// A line that nobody said.
fn notice(chat: Chat, item: Shared<Item>) -> El {
    let words = move || {
        item.with(|item| match &item.content {
            Content::Notice(notice) => chat.words.notice(notice),
            Content::Inbound(_) | Content::Outbound(_) => String::new(),
        })
    };
    el("p").part("notice").class("notice").live_text(words)
}

/// What was written, as nodes. A line break is a line feed that the style sheet keeps, so that copied text is the text.
fn text(item: &Shared<Item>) -> El {
    // The text of a message never changes.
    let text = item.with_untracked(|item| match &item.content {
        Content::Inbound(message) => message.text.clone(),
        Content::Outbound(message) => message.text.clone(),
        Content::Notice(_) => String::new(),
    });
    let shown = el("p").part("text").class("text").attr("dir", "auto");
    parts(&text).into_iter().fold(shown, |shown, part| match part {
        Part::Text(text) => shown.text(text),
        Part::Break => shown.text("\n"),
        Part::Link { text, href } => shown.child(
            el("a").attr("href", &href).attr("target", "_blank").attr("rel", "noopener noreferrer nofollow").text(text),
        ),
    })
}

/// The picture that stands for somebody: their initials, or a sign for who has no name.
pub(super) fn avatar(author: &Author) -> El {
    // The style sheet makes them capitals: the tables for that are 12 KB, and browsers have them.
    let words = author.name.iter().flat_map(|name| name.split(' '));
    let initials: String = words.filter_map(|word| word.chars().find(|c| !c.is_ascii_punctuation())).take(2).collect();
    let sign = if author.is_bot { Some(icons::BOT) } else { initials.is_empty().then_some(icons::PERSON) };
    let avatar = el("span").class("avatar").attr("aria-hidden", "true");
    match sign {
        Some(sign) => avatar.child(icon("icon", sign)),
        None => avatar.text(&initials),
    }
}

/// What to call somebody.
pub(super) fn name_of(author: &Author, words: &Words) -> String {
    let anonymous = if author.is_bot { words.bot } else { words.agent };
    author.name.clone().unwrap_or_else(|| anonymous.to_owned())
}
