//! The round button that opens and closes the panel, with the number of unread messages. The loader paints the same button before
//! the widget is there; both take their look from the same names.

use super::Chat;
use super::dom::{El, el};
use super::icons::{self, icon};

/// The launcher.
pub(super) fn launcher(chat: Chat) -> El {
    let words = chat.words;
    let is_open = chat.store.is_open;
    let unread = move || if is_open.get() { 0 } else { chat.store.unread.get() };

    let label = move || match (is_open.get(), unread()) {
        (true, _) => words.close.to_owned(),
        (false, 0) => words.open.to_owned(),
        (false, count) => (words.open_unread)(count),
    };
    let badge = move || {
        let shown = move || if unread() > 99 { "99+".to_owned() } else { unread().to_string() };
        el("span").class("badge").attr("aria-hidden", "true").live_text(shown)
    };

    el("button")
        .part("launcher")
        .class("launcher")
        .live_class("open", move || is_open.get())
        .attr("type", "button")
        .live_attr("aria-label", label)
        .live_attr("aria-expanded", move || is_open.get().to_string())
        .attr("aria-controls", "panel")
        .in_spot(chat.launcher)
        .on("click", move |_| if is_open.get_untracked() { chat.close() } else { chat.open() })
        .child(icon("icon closed-face", icons::CHAT))
        .child(icon("icon open-face", icons::CHEVRON))
        .child_if(move || unread() > 0, badge)
}
