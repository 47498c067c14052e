//! The page around the tests, from the side of Rust. What is patched is mended when the handle is dropped.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/tests/driver/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = watchTimers)]
    fn watch_timers() -> Handle;
    #[wasm_bindgen(js_name = watchListeners)]
    fn watch_listeners() -> Handle;
    #[wasm_bindgen(js_name = heldLocks)]
    fn held_locks_of(prefix: &str) -> Promise;
    #[wasm_bindgen(js_name = nextTask)]
    fn next_task(delay: u32) -> Promise;
    fn happens(name: &str, init: &JsValue);
    #[wasm_bindgen(js_name = blockStorage)]
    fn block_storage() -> Handle;
    #[wasm_bindgen(js_name = watchWrites)]
    fn watch_writes(fail: bool) -> Handle;
    #[wasm_bindgen(js_name = withoutLocks)]
    fn without_locks() -> Handle;
    #[wasm_bindgen(js_name = withoutNetwork)]
    fn without_network() -> Handle;
    #[wasm_bindgen(js_name = fakeSockets)]
    fn fake_sockets() -> Handle;
    #[wasm_bindgen(js_name = fakeFetch)]
    fn fake_fetch(answer: &Function) -> Handle;

    pub(crate) type Spy;
    #[wasm_bindgen(js_name = spy)]
    pub(crate) fn spy(fails: bool) -> Function;
    #[wasm_bindgen(method, getter)]
    fn heard(this: &Spy) -> Array;

    #[wasm_bindgen(js_name = watchConsole)]
    fn watch_console() -> Handle;
    #[wasm_bindgen(method, getter)]
    fn lines(this: &Handle) -> Array;

    fn answers(status: u16, headers: &str, body: &str) -> Function;
    pub(crate) fn blob(text: &str, kind: &str) -> String;

    #[wasm_bindgen(thread_local_v2, js_name = never)]
    static NEVER: Function;
    #[wasm_bindgen(thread_local_v2, js_name = rejectsWithText)]
    static REJECTS_WITH_TEXT: Function;
    #[wasm_bindgen(thread_local_v2, js_name = throws)]
    static THROWS: Function;

    type Handle;
    #[wasm_bindgen(method)]
    fn restore(this: &Handle);
    #[wasm_bindgen(method)]
    fn pending(this: &Handle) -> usize;
    #[wasm_bindgen(method)]
    fn count(this: &Handle) -> usize;
    #[wasm_bindgen(method, getter)]
    fn asked(this: &Handle) -> Array;
    #[wasm_bindgen(method, getter)]
    fn keys(this: &Handle) -> Array;
    #[wasm_bindgen(method)]
    fn open(this: &Handle);
    #[wasm_bindgen(method)]
    fn text(this: &Handle, text: &str);
    #[wasm_bindgen(method)]
    fn binary(this: &Handle);
    #[wasm_bindgen(method)]
    fn closing(this: &Handle);
    #[wasm_bindgen(method)]
    fn fail(this: &Handle, code: u16);
    #[wasm_bindgen(method)]
    fn sent(this: &Handle) -> Array;
    #[wasm_bindgen(method)]
    fn closed(this: &Handle) -> Array;
}

/// Lets everything happen that is due.
pub(crate) async fn settle() {
    pass(20).await;
}

/// Waits until something is so; for two seconds at most.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..200 {
        if is_so() {
            return;
        }
        pass(10).await;
    }
}

async fn pass(milliseconds: u32) {
    JsFuture::from(next_task(milliseconds)).await.unwrap();
}

pub(crate) async fn held_locks(prefix: &str) -> u32 {
    let names = JsFuture::from(held_locks_of(prefix)).await.unwrap();
    Array::from(&names).length()
}

/// The page is left, into the back/forward cache or for good.
pub(crate) fn leave() {
    happens("pagehide", &JsValue::UNDEFINED);
}

/// The browser has a network again.
pub(crate) fn online() {
    happens("online", &JsValue::UNDEFINED);
}

/// The page comes back out of the cache.
pub(crate) fn come_back() {
    let init = js_sys::Object::new();
    js_sys::Reflect::set(&init, &"persisted".into(), &JsValue::TRUE).unwrap();
    happens("pageshow", &init);
}

/// The page is frozen, and thaws.
pub(crate) fn freeze() {
    happens("freeze", &JsValue::UNDEFINED);
}

pub(crate) fn thaw() {
    happens("resume", &JsValue::UNDEFINED);
}

macro_rules! patches {
    ($($name:ident),*) => {$(
        pub(crate) struct $name(Handle);
        impl Drop for $name {
            fn drop(&mut self) {
                self.0.restore();
            }
        }
    )*};
}
patches!(Console, Timers, Listeners, BlockedStorage, Writes, NoLocks, NoNetwork, Sockets, Fetch);

/// What the page's listener of all events has heard: name and detail, as JSON.
pub(crate) fn heard(spy: &Function) -> Vec<String> {
    strings(&spy.unchecked_ref::<Spy>().heard())
}

impl Console {
    pub(crate) fn watch() -> Self {
        Self(watch_console())
    }
    /// Warnings and errors.
    pub(crate) fn lines(&self) -> Vec<String> {
        strings(&self.0.lines())
    }
}

impl Timers {
    pub(crate) fn watch() -> Self {
        Self(watch_timers())
    }
    /// The delays asked for so far, in milliseconds.
    pub(crate) fn asked(&self) -> Vec<f64> {
        self.0.asked().iter().filter_map(|it| it.as_f64()).collect()
    }
    pub(crate) fn pending(&self) -> usize {
        self.0.pending()
    }
}

impl Listeners {
    pub(crate) fn watch() -> Self {
        Self(watch_listeners())
    }
    pub(crate) fn count(&self) -> usize {
        self.0.count()
    }
}

impl BlockedStorage {
    pub(crate) fn new() -> Self {
        Self(block_storage())
    }
}

impl Writes {
    pub(crate) fn watch() -> Self {
        Self(watch_writes(false))
    }
    pub(crate) fn fail() -> Self {
        Self(watch_writes(true))
    }
    pub(crate) fn keys(&self) -> Vec<String> {
        strings(&self.0.keys())
    }
}

impl NoLocks {
    pub(crate) fn new() -> Self {
        Self(without_locks())
    }
}

impl NoNetwork {
    pub(crate) fn new() -> Self {
        Self(without_network())
    }
}

impl Sockets {
    pub(crate) fn fake() -> Self {
        Self(fake_sockets())
    }
    pub(crate) fn count(&self) -> usize {
        self.0.count()
    }
    pub(crate) fn open(&self) {
        self.0.open();
    }
    pub(crate) fn text(&self, text: &str) {
        self.0.text(text);
    }
    pub(crate) fn binary(&self) {
        self.0.binary();
    }
    pub(crate) fn closing(&self) {
        self.0.closing();
    }
    pub(crate) fn fail(&self, code: u16) {
        self.0.fail(code);
    }
    pub(crate) fn sent(&self) -> Vec<String> {
        strings(&self.0.sent())
    }
    /// The codes that the socket was closed with.
    pub(crate) fn closed(&self) -> Vec<f64> {
        self.0.closed().iter().filter_map(|it| it.as_f64()).collect()
    }
}

impl Fetch {
    /// Answers everything so.
    pub(crate) fn answers(status: u16, headers: &str, body: &str) -> Self {
        Self(fake_fetch(&answers(status, headers, body)))
    }
    /// Answers nothing until it is aborted.
    pub(crate) fn never() -> Self {
        NEVER.with(|answer| Self(fake_fetch(answer)))
    }
    /// Fails as a page's own wrapper may: with what is no `Error`.
    pub(crate) fn rejects_with_text() -> Self {
        REJECTS_WITH_TEXT.with(|answer| Self(fake_fetch(answer)))
    }
    /// Fails before there is a promise.
    pub(crate) fn throws() -> Self {
        THROWS.with(|answer| Self(fake_fetch(answer)))
    }
    pub(crate) fn asked(&self) -> Vec<String> {
        strings(&self.0.asked())
    }
}

fn strings(array: &Array) -> Vec<String> {
    array.iter().filter_map(|it| it.as_string()).collect()
}
