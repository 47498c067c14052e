//! What is left of a widget after a bug. Alone in its file, because an instance of the module that was given up stays so.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code, reason = "shared by several test files")]
#[path = "driver/page.rs"]
mod page;

use guest_chat::api::start;
use guest_chat::driver::broken;
use js_sys::{Array, Object, Reflect};
use page::{Fetch, Listeners, Timers, settle, spy, until};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{ShadowRootInit, ShadowRootMode};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn a_widget_that_was_given_up_says_so_and_does_nothing_more() {
    let (network, listeners, timers) = (Fetch::never(), Listeners::watch(), Timers::watch());
    let element = web_sys::window().unwrap().document().unwrap().create_element("guest-chat").unwrap();
    let root = element.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).unwrap();
    let settings = Object::new();
    Reflect::set(&settings, &"deploymentId".into(), &"broken".into()).unwrap();
    Reflect::set(&settings, &"endpoint".into(), &"http://127.0.0.1:59999".into()).unwrap();
    let widget = start(&root, settings.clone().into(), spy(false)).unwrap();
    let send = || widget.call("send", &Array::of1(&"hello".into()));
    let idle = listeners.count();
    send();
    until(|| network.asked().len() == 1).await;
    assert!(!broken::is_broken());

    widget.broke();
    settle().await;
    assert!(broken::is_broken());
    let words = root.text_content().unwrap_or_default();
    assert!(words.contains("stopped working"), "{words}");
    assert_eq!((listeners.count(), timers.pending()), (idle - 7, 0), "the driver has let go");

    send();
    settle().await;
    assert_eq!(network.asked().len(), 1);
    assert!(start(&root, settings.into(), spy(false)).is_err());
    widget.destroy();
    assert_eq!(root.child_element_count(), 0);
}
