//! Objects of JavaScript, as its functions want them: options for the browser, details for the page.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// An object with these members; those that are undefined are left out.
pub fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        if !value.is_undefined() {
            // Setting a member of a plain object does not fail.
            let _ = Reflect::set(&object, &(*name).into(), value);
        }
    }
    object
}
