//! The tag's attributes as JavaScript hands them over → a [`Config`], or everything that is wrong with them at once.

use chat_proto::config::{Config, FieldError, Settings};
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// Reads and checks the settings; other keys than these are never looked at. On failure every bad attribute is named once.
pub(crate) fn read(settings: &JsValue) -> Result<Config, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut text = |key: &str, attribute| {
        // What is no object has no attributes.
        let value = Reflect::get(settings, &key.into()).unwrap_or_default();
        let text = value.as_string();
        if text.is_none() && !value.is_null() && !value.is_undefined() {
            errors.push(FieldError { attribute, problem: "is not a string".into() });
        }
        text
    };
    let checked = Config::new(&Settings {
        deployment_id: text("deploymentId", "data-deployment-id"),
        region: text("region", "data-region"),
        endpoint: text("endpoint", "data-endpoint"),
        token_url: text("tokenUrl", "data-token-url").map(resolved),
        dialect: text("dialect", "data-dialect"),
        socket_url: text("socketUrl", "data-socket-url"),
        #[cfg(feature = "wires")]
        post_url: text("postUrl", "data-post-url"),
        trace: text("trace", "data-trace"),
        page_origin: page_origin(),
    });
    match checked {
        Ok(config) if errors.is_empty() => return Ok(config),
        Ok(_) => {}
        Err(others) => {
            for error in others {
                // One that is no string was read as absent, and is not to be called missing besides.
                if errors.iter().all(|it| it.attribute != error.attribute) {
                    errors.push(error);
                }
            }
        }
    }
    Err(errors)
}

/// A path counts from the page. What is no URL stays as it is, and is named as what it is.
fn resolved(url: String) -> String {
    if url.trim().is_empty() {
        return url;
    }
    let base = web_sys::window().and_then(|window| window.document()?.base_uri().ok()?).unwrap_or_default();
    web_sys::Url::new_with_base(&url, &base).map_or(url, |url| url.href())
}

fn page_origin() -> String {
    web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}
