//! One set of icons: a 20 px grid, strokes of 1.75 px with round caps, drawn in the colour of the words beside them. Decoration only:
//! each stands beside words or in something with a name.

use super::dom::{El, svg};

/// A speech bubble. The loader's launcher has the same.
pub(super) const CHAT: &str =
    "M10 3.5c-4 0-7 2.6-7 6 0 1.9.9 3.5 2.3 4.6v2.6l2.6-1.4c.7.1 1.4.2 2.1.2 4 0 7-2.6 7-6s-3-6-7-6Z";
/// Down and away.
pub(super) const CHEVRON: &str = "m4.5 7.5 5.5 5.5 5.5-5.5";
/// An arrow up: away it goes.
pub(super) const SEND: &str = "M10 16V4.5M5 9.25l5-5 5 5";
/// An arrow down, to what is new.
pub(super) const DOWN: &str = "M10 4v11.5M5 10.75l5 5 5-5";
/// A clock: later.
pub(super) const CLOCK: &str = "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm0 3.25V10l2.5 1.75";
/// Three quarters of a circle, which turns.
pub(super) const RING: &str = "M10 3.5a6.5 6.5 0 1 1-6.5 6.5";
/// A question in a circle.
pub(super) const QUESTION: &str =
    "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM8.1 8.1a1.95 1.95 0 1 1 2.6 1.8c-.5.2-.7.5-.7 1v.3M10 13.6v.05";
/// An exclamation mark in a circle.
pub(super) const ALERT: &str = "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm0 3.4v4M10 13.5v.05";
/// A head and shoulders.
pub(super) const PERSON: &str =
    "M10 3.75a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM4.25 16.25c.5-2.9 2.8-4.25 5.75-4.25s5.25 1.35 5.75 4.25";
/// A head with an aerial.
pub(super) const BOT: &str = "M5.5 7.5h9a1.5 1.5 0 0 1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 4 14V9a1.5 1.5 0 0 1 1.5-1.5ZM10 4.25V7.5M7.75 11v1M12.25 11v1";

/// An icon.
pub(super) fn icon(class: &str, path: &str) -> El {
    let shape = svg("path").attr("d", path);
    svg("svg").class(class).attr("viewBox", "0 0 20 20").attr("aria-hidden", "true").child(shape)
}
