//! The browser's storage. Nothing here throws: storage may be blocked (the getter itself throws), full, or not there; then the widget lives
//! in memory alone.

use chat_proto::json::Value;
use chat_proto::tab::{Area, Store};
use js_sys::Object;

use super::json;

/// Storage of both kinds, as far as there is any.
#[derive(Clone)]
pub struct Storage {
    browser: Option<web_sys::Storage>,
    tab: Option<web_sys::Storage>,
}

impl Storage {
    /// The page's.
    pub fn new() -> Self {
        let window = web_sys::window();
        Self {
            browser: window.as_ref().and_then(|window| window.local_storage().ok()?),
            tab: window.and_then(|window| window.session_storage().ok()?),
        }
    }

    fn area(&self, area: Area) -> Option<&web_sys::Storage> {
        let storage = if area == Area::Browser { &self.browser } else { &self.tab };
        storage.as_ref()
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for Storage {
    fn get(&self, area: Area, key: &str) -> Option<Value> {
        json::parse(&self.area(area)?.get_item(key).ok()??)
    }

    fn put(&mut self, area: Area, key: &str, value: &Value) -> bool {
        let (storage, text) = (self.area(area), json::print(value));
        storage.zip(text).is_some_and(|(storage, text)| storage.set_item(key, &text).is_ok())
    }

    fn remove(&mut self, area: Area, key: &str) -> bool {
        self.area(area).is_some_and(|storage| storage.remove_item(key).is_ok())
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let Some(storage) = &self.browser else { return keys };
        for key in Object::keys(storage) {
            keys.extend(key.as_string().filter(|key| key.starts_with(prefix)));
        }
        keys
    }
}
