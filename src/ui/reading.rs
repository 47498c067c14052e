//! The reading position is sacred. At the end of the conversation it stays at the end, whatever grows; anywhere else the line at
//! the top of the view stays where it is, whether older messages come above it or newer ones below. One rule for all changes, applied when the
//! browser has laid them out and before it paints. (Browsers have scroll anchoring of their own, but not all of them, and not at the end.)

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use super::dom::{Spot, finally};
use crate::store::Live;

/// Where the visitor reads.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// What scrolls.
    pub(super) log: Spot,
    /// What is scrolled.
    pub(super) content: Spot,
    /// The lines in it.
    pub(super) lines: Spot,
    /// The end is in view.
    pub(super) is_at_end: Live<bool>,
    anchor: Live<Option<Anchor>>,
    /// Where the view was last put or found, in px.
    top: Live<i32>,
}

/// The line at the top of the view, and where it stood.
struct Anchor {
    line: HtmlElement,
    top: i32,
}

/// So near the end counts as the end, in px: less than a line of text.
const NEAR: i32 = 20;

impl Reading {
    pub(super) fn new() -> Self {
        Self {
            log: Spot::new(),
            content: Spot::new(),
            lines: Spot::new(),
            is_at_end: Live::new(true),
            anchor: Live::new(None),
            top: Live::new(0),
        }
    }

    /// Goes to the end and stays there.
    pub(super) fn go_to_end(self) {
        self.is_at_end.set(true);
        self.anchor.set(None);
        self.hold();
    }

    /// The view has moved. Returns how far its top is from the beginning, in px, if it was the visitor who moved it.
    pub(super) fn note(self) -> Option<i32> {
        let log = self.log.element()?;
        let top = log.scroll_top();
        // Browsers tell of our own moves, too, and a frame late: what has come since must not count as scrolled past.
        if top == self.top.get_untracked() {
            return None;
        }
        self.top.set(top);
        let is_at_end = log.scroll_height() - top - log.client_height() < NEAR;
        if self.is_at_end.get_untracked() != is_at_end {
            self.is_at_end.set(is_at_end);
        }
        let line = if is_at_end { None } else { self.line_at(top) };
        self.anchor.set(line.map(|line| Anchor { top: line.offset_top(), line }));
        Some(top)
    }

    /// Brings the view back to where it was after something around it has changed.
    pub(super) fn hold(self) {
        let Some(log) = self.log.element() else { return };
        self.anchor.update(|anchor| match anchor {
            Some(anchor) if anchor.line.is_connected() => {
                let top = anchor.line.offset_top();
                if top != anchor.top {
                    log.set_scroll_top(log.scroll_top() + top - anchor.top);
                    anchor.top = top;
                }
            }
            _ => log.set_scroll_top(log.scroll_height()),
        });
        self.top.set(log.scroll_top());
    }

    /// Holds the view whenever the conversation, or the room for it, changes its size. To be called when both are drawn.
    pub(super) fn watch(self) {
        let listener = Closure::<dyn Fn()>::new(move || self.hold());
        let Ok(observer) = ResizeObserver::new(listener.as_ref().unchecked_ref()) else { return };
        for spot in [self.log, self.content] {
            if let Some(element) = spot.element() {
                observer.observe(&element);
            }
        }
        finally(Box::new(move || {
            observer.disconnect();
            drop(listener);
        }));
    }

    /// The first line that ends below this height. The lines stand in order, so this need not look at them all.
    fn line_at(self, top: i32) -> Option<HtmlElement> {
        let lines = self.lines.element()?.children();
        let line = |index| lines.item(index).and_then(|line| line.dyn_into::<HtmlElement>().ok());
        let (mut from, mut to) = (0, lines.length());
        while from < to {
            let middle = from + (to - from) / 2;
            let it = line(middle)?;
            if it.offset_top() + it.offset_height() > top { to = middle } else { from = middle + 1 }
        }
        line(from)
    }
}
