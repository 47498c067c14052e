//! The face: components that show the store and say commands. Knows no sockets, no tokens and no rules of the protocol; keeps
//! nothing that must outlive it. [`mount`] puts it into a shadow root, and dropping what it returns takes it out again.

mod widget;

mod announcer;
mod bubble;
mod composer;
mod dom;
mod header;
mod icons;
mod launcher;
mod reading;
mod send_state;
mod status_bar;
mod time;
mod timeline;
mod viewport;

use std::rc::Rc;

use chat_proto::io::Command;
use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::store::{ChatStore, Live};
use crate::strings::Words;
use dom::Spot;
use time::Clock;

/// What every component is given: whom to ask, whom to tell, and in which words.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    store: ChatStore,
    say: Live<Rc<dyn Fn(Command)>>,
    words: &'static Words,
    clock: Clock,
    launcher: Spot,
    composer: Spot,
    /// The visitor did something after which they will want to write; the composer takes the focus as soon as it can.
    wants_composer: Live<bool>,
    /// A sentence for those who listen.
    aloud: Live<String>,
}

/// The mounted face. Dropping it unmounts everything and removes every listener.
pub struct Mounted {
    view: Option<UnmountHandle<web_sys::Comment>>,
    container: web_sys::HtmlElement,
    root: web_sys::ShadowRoot,
    launcher: Spot,
    store: ChatStore,
    say: Box<dyn Fn(Command)>,
}

/// Puts the face into this root, in the place of whatever stands there. If the painted launcher had the focus, the new one has it.
pub fn mount(root: &web_sys::ShadowRoot, store: ChatStore, say: impl Fn(Command) + Clone + 'static) -> Mounted {
    let container: web_sys::HtmlElement = document().create_element("div").expect("`div` is a name").unchecked_into();
    let launcher = Spot::new();
    let view = mount_to(container.clone(), {
        let (container, say) = (container.clone(), say.clone());
        move || {
            let (words, locale) = Words::choose(&languages());
            let chat = Chat {
                store,
                say: Live::new(Rc::new(say)),
                words,
                clock: Clock::new(&locale),
                launcher,
                composer: Spot::new(),
                wants_composer: Live::new(false),
                aloud: Live::new(String::new()),
            };
            _ = container.append_child(widget::widget(chat).node());
        }
    });
    let had_focus = root.active_element().is_some_and(|element| element.class_list().contains("launcher"));
    root.replace_children_with_node_1(&container);
    let mounted = Mounted { view: Some(view), container, root: root.clone(), launcher, store, say: Box::new(say) };
    if had_focus {
        mounted.focus_launcher();
    }
    mounted
}

impl Mounted {
    /// Opens the panel for the page. The focus stays where it is: only the visitor moves it.
    pub fn open(&self) {
        self.store.toggle(true, &self.say);
    }

    /// Closes the panel for the page. A focus inside it goes to the launcher, for it cannot stay.
    pub fn close(&self) {
        let focused = self.root.active_element();
        self.store.toggle(false, &self.say);
        if focused.is_some_and(|element| element.closest(".panel").is_ok_and(|panel| panel.is_some())) {
            self.focus_launcher();
        }
    }

    fn focus_launcher(&self) {
        focus_soon(self.launcher);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.view = None;
        self.container.remove();
    }
}

impl Chat {
    fn say(self, command: Command) {
        let say = self.say.get_untracked();
        say(command);
    }

    /// The visitor opens the panel; the focus follows.
    fn open(self) {
        self.store.toggle(true, &|command| self.say(command));
        self.wants_composer.set(true);
    }

    /// The visitor closes the panel; the focus returns to where it came from.
    fn close(self) {
        self.wants_composer.set(false);
        self.store.toggle(false, &|command| self.say(command));
        focus_soon(self.launcher);
    }

    /// The visitor pressed a button that goes away by being pressed.
    fn say_and_write(self, command: Command) {
        self.wants_composer.set(true);
        self.say(command);
    }
}

/// Focuses an element when what was just set has been drawn: hidden elements take no focus. In a microtask, so that it still counts
/// as the visitor's own gesture.
fn focus_soon(spot: Spot) {
    queue_microtask(move || {
        // By now the whole widget may be gone, and then there is nothing to focus.
        if let Some(element) = spot.element() {
            _ = element.focus(); // fails only where it is gone
        }
    });
}

/// The page's language first, then the visitor's.
fn languages() -> Vec<String> {
    let page = document().document_element().and_then(|html| html.get_attribute("lang"));
    let visitor = window().navigator().languages();
    page.into_iter().chain(visitor.iter().filter_map(|tag| tag.as_string())).collect()
}
