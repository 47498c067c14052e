//! The transcript: the lines of the conversation, what stands there while there are none, and the pill that tells of new messages
//! below. A log that is visible and not live; what is to be heard goes through the announcer.

use chat_proto::io::Command;
use chat_proto::message::Content;

use super::Chat;
use super::bubble::{line, name_of};
use super::dom::{Drawn, El, Scope, el, follow};
use super::icons::{self, icon};
use super::reading::Reading;
use super::status_bar::is_closed_for_writing;
use crate::store::{Live, Row};

/// Older messages are fetched when the visitor comes so near to the beginning, in px: about a screenful on a phone.
const NEAR_BEGINNING: i32 = 400;

/// The transcript.
pub(super) fn timeline(chat: Chat, reading: Reading) -> El {
    let store = chat.store;
    let read_on = move |_| {
        let is_near = reading.note().is_some_and(|top| top < NEAR_BEGINNING);
        if is_near && store.has_earlier.get_untracked() && !store.is_loading_earlier.get_untracked() {
            chat.say(Command::LoadEarlier);
        }
    };
    let content = el("div").class("content").in_spot(reading.content);
    let content = end(chat, beginning(chat, content).child(lines(chat, reading)));
    let log = el("div")
        .class("log")
        .attr("role", "log")
        .attr("aria-live", "off")
        .attr("aria-label", chat.words.log)
        .attr("tabindex", "0")
        .in_spot(reading.log)
        .on("scroll", read_on)
        .child(content);
    reading.watch();
    pill(chat, reading, el("div").class("transcript").child(log))
}

/// The lines. One that stays keeps its element, wherever it moves.
fn lines(chat: Chat, reading: Reading) -> El {
    let lines = el("div").class("lines").in_spot(reading.lines);
    let list = lines.node().clone();
    let scope = Scope::new();
    let mut shown: Vec<(u64, Drawn)> = Vec::new();
    follow(move || {
        chat.store.rows.with(|rows| {
            let mut before = std::mem::take(&mut shown);
            for row in rows {
                let known = before.iter().position(|(key, _)| *key == row.key).map(|at| before.remove(at).1);
                shown.extend(known.or_else(|| scope.draw(|| Some(line(chat, row)))).map(|drawn| (row.key, drawn)));
            }
            drop(before); // what is left of it is not in the conversation any more
            let mut next = None;
            for (_, drawn) in shown.iter().rev() {
                let node = drawn.el.node();
                if node.parent_node().is_none() || node.next_element_sibling() != next {
                    _ = list.insert_before(node, next.as_deref());
                }
                next = Some(node.clone());
            }
        });
    });
    lines
}

/// Above the first line: older messages, or a word of welcome until somebody has spoken, or what is wrong with the tag.
fn beginning(chat: Chat, content: El) -> El {
    let (store, words) = (chat.store, chat.words);
    let earlier = move || {
        let is_loading = move || store.is_loading_earlier.get();
        let load = move |_| {
            if !store.is_loading_earlier.get_untracked() {
                chat.say(Command::LoadEarlier);
            }
        };
        el("button")
            .class("earlier")
            .attr("type", "button")
            .live_attr("aria-disabled", move || is_loading().to_string())
            .on("click", load)
            .live_text(move || if is_loading() { words.loading } else { words.earlier }.to_owned())
    };
    let is_welcome = move || {
        let is_said = |row: &Row| row.item.with_untracked(|item| !matches!(item.content, Content::Notice(_)));
        !store.has_earlier.get() && !is_closed_for_writing(chat) && !store.rows.with(|rows| rows.iter().any(is_said))
    };
    let welcome = move || {
        el("div")
            .class("empty")
            .child(icon("icon emblem", icons::CHAT))
            .child(el("h3").class("empty-title").text(words.empty_title))
            .child(el("p").class("empty-words").text(words.empty))
    };
    let faults = move || {
        let list = store.misconfigured.get().into_iter().fold(el("ul"), |list, field| {
            let name = el("code").text(field.attribute);
            list.child(el("li").child(name).text(" ").text(&field.problem))
        });
        el("div").class("faults").child(el("p").text(words.bad_attributes)).child(list)
    };
    content
        .child_if(move || !store.misconfigured.with(Vec::is_empty), faults)
        .child_if(move || store.has_earlier.get(), earlier)
        .child_if(is_welcome, welcome)
}

/// Below the last line: that somebody will answer, or is about to.
fn end(chat: Chat, content: El) -> El {
    let (store, words) = (chat.store, chat.words);
    // Nobody has answered yet, and the visitor has said something.
    let is_waiting = move || {
        store.status().word() == "online"
            && !store.is_typing.get()
            && store.rows.with(|rows| {
                let is = |wanted: fn(&Content) -> bool| {
                    rows.iter().any(|row| row.item.with_untracked(|item| wanted(&item.content)))
                };
                is(|content| matches!(content, Content::Inbound(_)))
                    && !is(|content| matches!(content, Content::Outbound(_)))
            })
    };
    let typing = move || {
        el("div")
            .part("typing")
            .class("typing")
            .child(el("span").class("unseen").text(&(words.typing)(&latest_name(chat))))
            .child(el("span").class("dots").attr("aria-hidden", "true"))
    };
    content
        .child_if(is_waiting, move || el("p").part("notice").class("notice").text(words.waiting))
        .child_if(move || store.is_typing.get(), typing)
}

/// What to call whoever spoke last on the other side.
pub(super) fn latest_name(chat: Chat) -> String {
    let latest = chat.store.rows.with_untracked(|rows| {
        rows.iter().rev().find_map(|row| {
            row.item.with_untracked(|item| match &item.content {
                Content::Outbound(message) => Some(name_of(&message.author, chat.words)),
                Content::Inbound(_) | Content::Notice(_) => None,
            })
        })
    });
    latest.unwrap_or_else(|| chat.words.agent.to_owned())
}

/// How many messages came while the visitor was reading further up. Pressed, it leads to them.
fn pill(chat: Chat, reading: Reading, transcript: El) -> El {
    let (store, words) = (chat.store, chat.words);
    let seen = Live::new(store.arrived.get_untracked());
    follow(move || {
        let arrived = store.arrived.get();
        if reading.is_at_end.get() {
            seen.set(arrived);
        }
    });
    let unseen = move || if reading.is_at_end.get() { 0 } else { store.arrived.get().saturating_sub(seen.get()) };
    let go = move || {
        reading.go_to_end();
        chat.wants_composer.set(true);
    };
    transcript.child_if(
        move || unseen() > 0,
        move || {
            el("button")
                .class("pill")
                .attr("type", "button")
                .on("click", move |_| go())
                .child(icon("icon", icons::DOWN))
                .child(el("span").live_text(move || (words.new_messages)(unseen())))
        },
    )
}
