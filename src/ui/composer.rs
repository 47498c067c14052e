//! Where the visitor writes. Enter sends, Shift+Enter breaks, the Enter of an input method does neither. What stands in it is
//! the store's draft: never cut, never lost, and kept where the conversation ends.

use chat_proto::io::Command;
use chat_proto::timings::Timings;
use leptos::prelude::untrack;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlTextAreaElement, KeyboardEvent};

use super::dom::{El, el, follow};
use super::icons::{self, icon};
use super::reading::Reading;
use super::status_bar::{button, is_closed_for_writing};
use super::{Chat, focus_soon};

/// What browsers say of a key that an input method takes. Safari ends the composition before it tells of the Enter that did it,
/// so that `isComposing` alone would send half a sentence.
const KEY_OF_INPUT_METHOD: u32 = 229;

/// The composer.
pub(super) fn composer(chat: Chat, reading: Reading) -> El {
    let (store, words) = (chat.store, chat.words);
    let limit = Timings::default().text_bytes;
    let size = move || store.draft.with(|draft| draft.trim().len());
    let is_closed = move || is_closed_for_writing(chat);
    // Why it cannot be sent, if that is not plain to see.
    let is_held = move || store.is_full.get() || limit < size();
    let can_send = move || !is_closed() && !is_held() && size() > 0;

    let submit = move || {
        if untrack(can_send) {
            let text = store.draft.with_untracked(|draft| draft.trim().to_owned());
            reading.go_to_end();
            // Emptied first: a message for which there is no room any more comes back as the draft.
            write(chat, String::new());
            chat.say(Command::Send(text));
        } else if untrack(is_held) {
            chat.aloud.set(untrack(|| room(chat, size(), limit)));
        }
    };
    let send_on_enter = move |event: Event| {
        let event: KeyboardEvent = event.unchecked_into();
        // Pages listen for single keys, and cannot see that these are typed into a text field.
        if event.key() != "Escape" {
            event.stop_propagation();
        }
        let is_composing = event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD;
        if event.key() == "Enter" && !event.shift_key() && !is_composing {
            event.prevent_default();
            submit();
        }
    };
    let send_on_click = move |_| {
        submit();
        chat.wants_composer.set(true);
    };
    let placeholder = move || {
        let is_over = store.status().is_over();
        let words = if is_over {
            words.placeholder_over
        } else if is_closed() {
            ""
        } else {
            words.placeholder
        };
        words.to_owned()
    };

    let text = el("textarea")
        .part("composer")
        .attr("rows", "1")
        .attr("aria-label", words.message)
        .attr("aria-describedby", "room")
        .live_attr("placeholder", placeholder)
        .attr("enterkeyhint", "send")
        .live_flag("disabled", is_closed)
        .in_spot(chat.composer)
        .on("keydown", send_on_enter)
        .on("keyup", |event| event.stop_propagation())
        .on("keypress", |event| event.stop_propagation());
    let field: HtmlTextAreaElement = text.node().clone().unchecked_into();
    let typed = field.clone();
    let text = text.on("input", move |_| write(chat, typed.value()));
    // Only when it differs: setting a field to what it holds disturbs some input methods.
    follow(move || {
        store.draft.with(|draft| {
            if field.value() != *draft {
                field.set_value(draft);
            }
        });
    });
    follow(move || {
        if chat.wants_composer.get() && store.is_open.get() && !is_closed() {
            chat.wants_composer.set(false);
            focus_soon(chat.composer);
        }
    });

    let send = el("button")
        .part("send")
        .class("send")
        .attr("type", "button")
        .attr("aria-label", words.send)
        .live_attr("aria-disabled", move || (!can_send()).to_string())
        .attr("aria-describedby", "room")
        .on("mousedown", |event| event.prevent_default())
        .on("click", send_on_click)
        .child(icon("icon", icons::SEND));
    let grow = el("div").class("grow").live_attr("data-text", move || store.draft.get()).child(text);
    let room = el("p")
        .class("room")
        .attr("id", "room")
        .live_class("over", is_held)
        .live_text(move || room(chat, size(), limit));

    el("div")
        .class("composer")
        .child_if(move || store.status().is_over(), move || ended(chat))
        .child(el("div").class("field").live_class("disabled", is_closed).child(grow).child(send))
        .child(room)
}

fn write(chat: Chat, text: String) {
    chat.store.draft.set(text.clone());
    chat.say(Command::Draft(text));
}

/// How much more fits, in the last tenth before the limit; or that too much waits already.
fn room(chat: Chat, size: usize, limit: usize) -> String {
    if chat.store.is_full.get() {
        chat.words.full.to_owned()
    } else if size > limit {
        (chat.words.too_much)(size - limit)
    } else if size > limit - limit / 10 {
        (chat.words.room_left)(limit - size)
    } else {
        String::new()
    }
}

/// What is left to do when the conversation is over.
fn ended(chat: Chat) -> El {
    let has_draft = move || chat.store.draft.with(|draft| !draft.trim().is_empty());
    el("div")
        .class("ended")
        .child(button(chat, "new-chat", "new-chat", chat.words.new_chat, Command::NewChat))
        .child_if(has_draft, move || el("p").class("kept").text(chat.words.draft_kept))
}
