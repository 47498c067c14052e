//! What tabs of one browser say to each other: a BroadcastChannel of texts. What cannot be read is dropped here.

use chat_proto::json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::json;

/// An open channel. Dropped, it is closed.
pub struct Channel {
    inner: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    /// Joins the channel of that name. `None` where there are none: then each tab is alone.
    pub fn open(name: &str, heard: impl Fn(Value) + 'static) -> Option<Self> {
        let inner = BroadcastChannel::new(name).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(post) = event.data().as_string().and_then(|text| json::parse(&text)) {
                heard(post);
            }
        });
        inner.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { inner, _heard: heard })
    }

    /// Says this to all other tabs. Nobody knows who hears it.
    pub fn post(&self, text: &str) {
        let _ = self.inner.post_message(&text.into());
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.inner.close();
    }
}
