//! JSON text ↔ [`Value`], by the browser's own `JSON`: a parser of our own would cost the page 26 KB. Every text that comes from outside
//! (frames, answers, storage) is read here, and what cannot be read is `None`.

use chat_proto::json::{MAX_DEPTH, Value};
use js_sys::{Array, Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

/// The value that this text writes; `None` if it is no JSON, or nested too deeply.
pub fn parse(text: &str) -> Option<Value> {
    read(&js_sys::JSON::parse(text).ok()?, MAX_DEPTH)
}

/// By hand, and not through serde: what serde says of values that do not fit brings float formatting along, 8 KB of what travels.
fn read(value: &JsValue, depth: u8) -> Option<Value> {
    if let Some(text) = value.as_string() {
        return Some(Value::String(text));
    }
    if let Some(number) = value.as_f64() {
        return Some(Value::Number(number));
    }
    if let Some(fact) = value.as_bool() {
        return Some(Value::Bool(fact));
    }
    if value.is_null() {
        return Some(Value::Null);
    }
    let depth = depth.checked_sub(1)?;
    if let Some(array) = value.dyn_ref::<Array>() {
        return (0..array.length()).map(|at| read(&array.get(at), depth)).collect();
    }
    let mut members = Vec::new();
    for name in Object::keys(value.unchecked_ref::<Object>()) {
        let member = Reflect::get(value, &name).ok()?;
        members.push((name.as_string()?, read(&member, depth)?));
    }
    Some(Value::Object(members))
}

/// The value as text. `None` only where the page has broken `JSON` itself.
pub fn print(value: &Value) -> Option<String> {
    let object = value.serialize(&Serializer::json_compatible()).ok()?;
    js_sys::JSON::stringify(&object).ok()?.as_string()
}
