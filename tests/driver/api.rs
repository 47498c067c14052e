//! The widget as the loader holds it: settings in, events out, and nothing left in the end.

use guest_chat::api::{Widget, start};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, ShadowRoot, ShadowRootInit, ShadowRootMode};

use crate::page::{Console, Fetch, Listeners, Sockets, Timers, Writes, heard, held_locks, settle, spy, until};

/// The loader's element, until it is dropped.
struct Host(Element, ShadowRoot);

impl Host {
    fn new() -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let element = document.create_element("guest-chat").unwrap();
        document.body().unwrap().append_child(&element).unwrap();
        let root = element.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).unwrap();
        Self(element, root)
    }

    fn text(&self) -> String {
        self.1.text_content().unwrap_or_default()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.0.remove();
    }
}

fn settings<const N: usize>(members: [(&str, JsValue); N]) -> JsValue {
    let settings = Object::new();
    for (name, value) in members {
        Reflect::set(&settings, &name.into(), &value).unwrap();
    }
    settings.into()
}

fn good(deployment: &str) -> JsValue {
    settings([("deploymentId", deployment.into()), ("endpoint", "http://127.0.0.1:59999".into())])
}

fn call(widget: &Widget, name: &str, argument: &str) {
    widget.call(name, &Array::of1(&argument.into()));
}

#[wasm_bindgen_test]
async fn every_bad_attribute_is_named_in_console_panel_and_events() {
    let (console, network, writes) = (Console::watch(), Fetch::never(), Writes::watch());
    let (host, page) = (Host::new(), spy(false));
    let widget = start(
        &host.1,
        settings([
            ("deploymentId", 7.into()),
            ("region", "ireland".into()),
            ("endpoint", JsValue::UNDEFINED),
            ("tokenUrl", Function::new_no_args("").into()),
            ("else", Array::new().into()),
        ]),
        page.clone(),
    )
    .unwrap();
    call(&widget, "open", "");
    settle().await;
    let named =
        ["data-deployment-id: is not a string", "data-token-url: is not a string", "data-region: is not a host"];
    assert_eq!(console.lines().len(), 1);
    assert_eq!(heard(&page).len(), 4);
    assert_eq!(heard(&page)[0], r#"status {"status":"misconfigured"}"#);
    for (at, line) in named.into_iter().enumerate() {
        assert!(console.lines()[0].contains(line), "{line}");
        assert!(heard(&page)[at + 1].contains(line), "{line}");
    }
    for attribute in ["data-deployment-id", "data-region", "data-token-url"] {
        assert!(host.text().contains(attribute), "{attribute}");
    }
    assert_eq!((network.asked().len(), writes.keys().len()), (0, 0));
    widget.destroy();
    assert_eq!(host.1.child_element_count(), 0);
}

#[wasm_bindgen_test]
async fn a_token_path_counts_from_the_page_and_an_empty_one_is_absent() {
    for url in ["/api/genesys/refresh", "", " "] {
        let (console, host, page) = (Console::watch(), Host::new(), spy(false));
        let given = good("relative");
        Reflect::set(&given, &"tokenUrl".into(), &url.into()).unwrap();
        start(&host.1, given, page).unwrap().destroy();
        assert_eq!(console.lines(), [""; 0], "{url:?}");
    }
}

#[wasm_bindgen_test]
async fn a_destroyed_widget_leaves_nothing_and_does_nothing() {
    let (network, sockets) = (Fetch::never(), Sockets::fake());
    let (listeners, timers) = (Listeners::watch(), Timers::watch());
    let (host, page) = (Host::new(), spy(false));
    let widget = start(&host.1, good("destroyed"), page.clone()).unwrap();
    call(&widget, "send", "hello");
    call(&widget, "open", "");
    until(|| network.asked().len() == 1).await;
    assert!(listeners.count() > 0);

    call(&widget, "close", "");
    widget.destroy();
    let events = heard(&page).len();
    assert_eq!(host.1.child_element_count(), 0);
    settle().await;
    assert_eq!((listeners.count(), timers.pending()), (0, 0));
    call(&widget, "send", "too late");
    widget.destroy();
    settle().await;
    assert_eq!((network.asked().len(), sockets.count(), heard(&page).len()), (1, 0, events));
    assert_eq!(held_locks("guest-chat:destroyed").await, 0);
    crate::life::clear("destroyed");
}

#[wasm_bindgen_test]
async fn a_listener_that_throws_is_shown_and_disturbs_nothing() {
    let (console, network) = (Console::watch(), Fetch::never());
    let (host, page) = (Host::new(), spy(true));
    let widget = start(&host.1, good("throws"), page.clone()).unwrap();
    call(&widget, "send", "hello");
    until(|| network.asked().len() == 1).await;
    assert!(!heard(&page).is_empty());
    assert_eq!(console.lines().len(), heard(&page).len());
    assert_eq!(network.asked().len(), 1);
    widget.destroy();
    crate::life::clear("throws");
}

#[wasm_bindgen_test]
async fn what_cannot_be_done_is_said_in_words() {
    let (console, host) = (Console::watch(), Host::new());
    let widget = start(&host.1, good("words"), spy(false)).unwrap();
    call(&widget, "opne", "");
    call(&widget, "send", " ");
    widget.call("send", &Array::new());
    let lines = console.lines();
    assert!(lines[0].contains("\"opne\" is unknown, known are: open, close, send"), "{}", lines[0]);
    assert!(lines[1].contains("needs a text"), "{}", lines[1]);
    assert_eq!(lines.len(), 3);
    widget.destroy();
}
