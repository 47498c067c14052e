//! Storage of the browser's, which may be full, blocked or written to by others.

use chat_proto::json::Value;
use chat_proto::tab::{Area, Store};
use guest_chat::driver::storage::Storage;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::life::clear;
use crate::page::{BlockedStorage, Writes};

#[wasm_bindgen_test]
fn what_is_put_is_there_until_it_is_removed() {
    for area in [Area::Browser, Area::Tab] {
        let mut storage = Storage::new();
        let value = Value::object([("text", "grüß \"dich\"".into()), ("n", 7_u64.into())]);
        assert!(storage.put(area, "guest-chat:put", &value));
        assert_eq!(Storage::new().get(area, "guest-chat:put"), Some(value));
        assert!(storage.remove(area, "guest-chat:put"));
        assert_eq!(storage.get(area, "guest-chat:put"), None);
    }
}

#[wasm_bindgen_test]
fn the_two_areas_do_not_know_each_other_and_only_the_browsers_keys_are_listed() {
    let mut storage = Storage::new();
    storage.put(Area::Tab, "guest-chat:areas:tab", &true.into());
    storage.put(Area::Browser, "guest-chat:areas:all", &true.into());
    assert_eq!(storage.get(Area::Browser, "guest-chat:areas:tab"), None);
    assert_eq!(storage.keys("guest-chat:areas"), ["guest-chat:areas:all"]);
    clear("areas");
}

#[wasm_bindgen_test]
fn what_is_no_json_is_nothing_and_stays() {
    let local = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    local.set_item("guest-chat:odd", "no json").unwrap();
    assert_eq!(Storage::new().get(Area::Browser, "guest-chat:odd"), None);
    assert_eq!(local.get_item("guest-chat:odd").unwrap().as_deref(), Some("no json"));
    clear("odd");
}

#[wasm_bindgen_test]
fn full_or_blocked_storage_says_so_and_throws_nothing() {
    let full = Writes::fail();
    assert!(!Storage::new().put(Area::Browser, "guest-chat:full", &true.into()));
    drop(full);
    let blocked = BlockedStorage::new();
    let mut storage = Storage::new();
    assert!(!storage.put(Area::Browser, "guest-chat:blocked", &true.into()));
    assert!(!storage.remove(Area::Browser, "guest-chat:blocked"));
    assert_eq!(storage.get(Area::Browser, "guest-chat:blocked"), None);
    assert_eq!(storage.keys("guest-chat"), [""; 0]);
    drop(blocked);
}
