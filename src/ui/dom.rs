//! Elements, bound to signals, in one type. Leptos' own views give every element a type of its own, spelled out of its tag, attributes and
//! children, and compile the code that draws it once for each: of this widget's face that made 58 KB of the bundle, against 100 KB
//! that the whole may have. Here all elements are an [`El`], all closures are boxed, and the same code draws them all. What is drawn follows
//! Leptos' signals by Leptos' effects, and lives and dies with Leptos' owners.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, HtmlElement, Node};

use crate::store::Live;

/// An element that is being put together, or a view of one that has been.
#[derive(Clone)]
pub(super) struct El(Element);

/// A place that will hold an element once it is drawn, and does not while it is not.
#[derive(Clone, Copy)]
pub(super) struct Spot(Live<Option<HtmlElement>>);

/// An element of this name.
pub(super) fn el(tag: &str) -> El {
    El(document().create_element(tag).expect("a tag of HTML's"))
}

/// An element of SVG's.
pub(super) fn svg(tag: &str) -> El {
    El(document().create_element_ns(Some("http://www.w3.org/2000/svg"), tag).expect("a tag of SVG's"))
}

impl El {
    pub(super) fn class(self, names: &str) -> Self {
        self.attr("class", names)
    }

    pub(super) fn part(self, name: &str) -> Self {
        self.attr("part", name)
    }

    pub(super) fn attr(self, name: &str, value: &str) -> Self {
        _ = self.0.set_attribute(name, value); // fails only at names that are none
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        _ = self.0.append_with_str_1(text);
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "what is drawn is handed over: it reads as the tree it makes")]
    pub(super) fn child(self, child: El) -> Self {
        _ = self.0.append_child(&child.0);
        self
    }

    pub(super) fn in_spot(self, spot: Spot) -> Self {
        spot.0.set(Some(self.0.clone().unchecked_into()));
        self
    }

    /// Calls this when the event reaches the element.
    pub(super) fn on(self, event: &str, hear: impl FnMut(Event) + 'static) -> Self {
        listen(&self.0, event, Box::new(hear));
        self
    }

    /// An attribute that follows signals.
    pub(super) fn live_attr(self, name: &'static str, read: impl Fn() -> String + 'static) -> Self {
        let element = self.0.clone();
        follow_text(Box::new(read), Box::new(move |text| _ = element.set_attribute(name, text)));
        self
    }

    /// Text that follows signals. It is the element's only child.
    pub(super) fn live_text(self, read: impl Fn() -> String + 'static) -> Self {
        let element = self.0.clone();
        follow_text(Box::new(read), Box::new(move |text| element.set_text_content(Some(text))));
        self
    }

    /// A class, or a boolean attribute, that is there while this holds.
    pub(super) fn live_class(self, name: &'static str, holds: impl Fn() -> bool + 'static) -> Self {
        let classes = self.0.class_list();
        follow(move || _ = classes.toggle_with_force(name, holds()));
        self
    }

    /// A boolean attribute that is there while this holds.
    pub(super) fn live_flag(self, name: &'static str, holds: impl Fn() -> bool + 'static) -> Self {
        let element = self.0.clone();
        follow(move || _ = element.toggle_attribute_with_force(name, holds()));
        self
    }

    /// A child that is there while this holds.
    pub(super) fn child_if(self, holds: impl Fn() -> bool + 'static, draw: impl Fn() -> El + 'static) -> Self {
        self.child_by(move || if holds() { "yes" } else { "" }, move |is| (is == "yes").then(&draw))
    }

    /// A child that is drawn anew whenever its kind changes, and only then. What it reads while it is drawn is not followed.
    pub(super) fn child_by(
        self,
        kind: impl Fn() -> &'static str + 'static,
        draw: impl Fn(&'static str) -> Option<El> + 'static,
    ) -> Self {
        let here = document().create_text_node("");
        _ = self.0.append_child(&here);
        follow_kind(here.unchecked_into(), Box::new(kind), Box::new(draw));
        self
    }

    /// The element itself.
    pub(super) fn node(&self) -> &Element {
        &self.0
    }
}

impl Spot {
    pub(super) fn new() -> Self {
        Self(Live::new(None))
    }

    pub(super) fn element(self) -> Option<HtmlElement> {
        self.0.alive()?.get_untracked()
    }
}

/// Does this now, and again whenever a signal changes that it reads.
pub(super) fn follow(act: impl FnMut() + 'static) {
    follow_boxed(Box::new(act));
}

fn follow_boxed(mut act: Box<dyn FnMut()>) {
    let effect = RenderEffect::new(move |_| act());
    on_cleanup(move || drop(effect));
}

/// Writes only what differs: a write disturbs selections, and readers that watch for changes.
fn follow_text(read: Box<dyn Fn() -> String>, write: Box<dyn Fn(&str)>) {
    let mut written: Option<String> = None;
    follow(move || {
        let text = read();
        if written.as_ref() != Some(&text) {
            write(&text);
            written = Some(text);
        }
    });
}

type Draw = Box<dyn Fn(&'static str) -> Option<El>>;

fn follow_kind(here: Node, kind: Box<dyn Fn() -> &'static str>, draw: Draw) {
    let scope = Scope::new();
    let mut shown: Option<(&'static str, Option<Drawn>)> = None;
    follow(move || {
        let kind = kind();
        if shown.as_ref().is_some_and(|(is, _)| *is == kind) {
            return;
        }
        drop(shown.take());
        let drawn = scope.draw(|| draw(kind));
        if let (Some(drawn), Some(parent)) = (&drawn, here.parent_node()) {
            _ = parent.insert_before(&drawn.el.0, Some(&here));
        }
        shown = Some((kind, drawn));
    });
}

/// Hears an event until the present owner is cleaned up.
pub(super) fn listen(target: &web_sys::EventTarget, event: &str, hear: Box<dyn FnMut(Event)>) {
    let listener = Closure::wrap(hear);
    _ = target.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
    let (target, event) = (target.clone(), event.to_owned());
    finally(Box::new(move || {
        _ = target.remove_event_listener_with_callback(&event, listener.as_ref().unchecked_ref());
    }));
}

/// Does this when the present owner is cleaned up.
pub(super) fn finally(act: Box<dyn FnOnce()>) {
    // With a value that goes when the owner does, and not as a cleanup, because that must be `Send`.
    _ = Live::new(AtLast(Some(act)));
}

struct AtLast(Option<Box<dyn FnOnce()>>);

impl Drop for AtLast {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// Whoever draws something that outlives the effect that decided on it.
pub(super) struct Scope(Owner);

/// Something drawn. Dropped, it is gone from the document, and what it followed is not followed any more.
pub(super) struct Drawn {
    pub(super) el: El,
    owner: Owner,
}

impl Scope {
    /// The scope of whoever calls.
    pub(super) fn new() -> Self {
        Self(Owner::current().unwrap_or_default())
    }

    pub(super) fn draw(&self, draw: impl FnOnce() -> Option<El>) -> Option<Drawn> {
        let owner = self.0.child();
        let el = owner.with(|| untrack(draw))?;
        Some(Drawn { el, owner })
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.owner.cleanup();
        self.el.0.remove();
    }
}
