//! The whole: a launcher, the panel that it opens, and the voice for those who listen. The panel is always in the document and only
//! hidden, so that what stands in it keeps its place.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use super::announcer::announcer;
use super::composer::composer;
use super::dom::{El, Spot, el};
use super::header::header;
use super::launcher::launcher;
use super::reading::Reading;
use super::status_bar::status_bar;
use super::timeline::timeline;
use super::{Chat, viewport};

/// The widget.
pub(super) fn widget(chat: Chat) -> El {
    let is_open = chat.store.is_open;
    let reading = Reading::new();
    let spot = Spot::new();

    let close_on_escape = move |event: Event| {
        let event: KeyboardEvent = event.unchecked_into();
        // The Escape that gives up a half-typed word of an input method is not for us.
        if event.key() == "Escape" && !event.is_composing() && is_open.get_untracked() {
            event.prevent_default();
            event.stop_propagation();
            chat.close();
        }
    };
    // On a small screen the panel is all there is: the Tab key stays in it, and readers are told.
    let is_modal = move || is_open.get() && spot.element().is_some_and(|panel| fills_screen(&panel));
    let stay_inside = move |event: Event| {
        let event: KeyboardEvent = event.unchecked_into();
        let Some(panel) = spot.element().filter(|panel| event.key() == "Tab" && fills_screen(panel)) else { return };
        let (last, first) = if event.shift_key() { (".close", ".send") } else { (".send", ".close") };
        let target: Option<Element> = event.target().map(JsCast::unchecked_into);
        if target.is_some_and(|target| target.matches(last).unwrap_or_default())
            && let Ok(Some(element)) = panel.query_selector(first)
        {
            event.prevent_default();
            _ = element.unchecked_into::<HtmlElement>().focus(); // both are always there
        }
    };
    let panel = el("div")
        .part("panel")
        .class("panel")
        .live_class("open", move || is_open.get())
        .attr("id", "panel")
        .attr("role", "dialog")
        .attr("aria-label", chat.words.title)
        .in_spot(spot)
        .live_attr("aria-modal", move || is_modal().to_string())
        .on("keydown", stay_inside)
        .child(header(chat))
        .child(status_bar(chat))
        .child(timeline(chat, reading))
        .child(composer(chat, reading));
    viewport::follow(spot);

    el("div").class("widget").on("keydown", close_on_escape).child(launcher(chat)).child(panel).child(announcer(chat))
}

fn fills_screen(panel: &HtmlElement) -> bool {
    let screen = document().document_element().map(|page| page.client_width());
    screen.is_some_and(|screen| panel.offset_width() >= screen)
}
