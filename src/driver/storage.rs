//! The browser's storage. Every word here is an `Option` and nothing throws: storage may be blocked (the getter itself throws), full, or
//! not there; then the widget lives in memory alone.

use js_sys::Object;

/// Storage of one kind, or none.
#[derive(Clone)]
pub struct Storage(Option<web_sys::Storage>);

impl Storage {
    /// What all tabs of this browser share.
    pub fn local() -> Self {
        Self(web_sys::window().and_then(|window| window.local_storage().ok()?))
    }

    /// What lasts as long as this tab.
    pub fn session() -> Self {
        Self(web_sys::window().and_then(|window| window.session_storage().ok()?))
    }

    /// Is there any?
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The text under that key.
    pub fn get(&self, key: &str) -> Option<String> {
        self.0.as_ref()?.get_item(key).ok()?
    }

    /// Puts a text under that key. `None` if it could not be kept.
    pub fn put(&self, key: &str, text: &str) -> Option<()> {
        self.0.as_ref()?.set_item(key, text).ok()
    }

    /// Leaves nothing under that key. `None` if that could not be done.
    pub fn remove(&self, key: &str) -> Option<()> {
        self.0.as_ref()?.remove_item(key).ok()
    }

    /// Every key that begins so.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let Some(storage) = &self.0 else { return keys };
        for key in Object::keys(storage) {
            keys.extend(key.as_string().filter(|key| key.starts_with(prefix)));
        }
        keys
    }
}
