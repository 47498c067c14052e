//! What is stored, and which tab owns it. A "tab" here is a [`Records`] in this one page: locks do not know the difference.

use chat_proto::message::LocalId;
use chat_proto::snapshot::{Fate, Kept, SharedRecord, Snapshot, TabRecord};
use chat_proto::time::Timestamp;
use guest_chat::driver::json;
use guest_chat::driver::records::{Names, Records};
use guest_chat::driver::storage::Storage;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::life::clear;
use crate::page::{BlockedStorage, NoLocks, Writes, held_locks, settle};

fn keys(deployment: &str) -> Vec<String> {
    Storage::local().keys(&["guest-chat:", deployment].concat())
}

fn with_messages(ids: &[&str]) -> Snapshot {
    let kept =
        |id: &&str| Kept { id: LocalId((*id).into()), text: "hello".into(), written: Timestamp(7), fate: Fate::Unsent };
    Snapshot {
        shared: Some(SharedRecord { token: None, read_up_to: Timestamp(1), is_over: false }),
        tab: TabRecord { outbox: ids.iter().map(kept).collect(), ..TabRecord::default() },
    }
}

fn messages(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.tab.outbox.iter().map(|kept| kept.id.0.as_str()).collect()
}

/// Saves as the driver does: claims first if that is needed.
async fn save(records: &mut Records, snapshot: &Snapshot) {
    if let Some(names) = records.must_claim(snapshot) {
        records.own(names.claim().await);
    }
    records.save(snapshot);
}

async fn open(deployment: &str) -> (Records, Snapshot) {
    Records::restore(Names::new(deployment)).await
}

#[wasm_bindgen_test]
async fn an_idle_page_stores_nothing_and_holds_no_lock() {
    let writes = Writes::watch();
    let (mut records, snapshot) = open("idle").await;
    save(&mut records, &snapshot).await;
    assert_eq!(snapshot, Snapshot::default());
    assert_eq!(writes.keys(), [""; 0]);
    assert_eq!(held_locks("guest-chat:idle").await, 0);
}

#[wasm_bindgen_test]
async fn a_reloaded_tab_finds_what_it_wrote() {
    let (mut records, _) = open("reload").await;
    let written = with_messages(&["a", "b"]);
    save(&mut records, &written).await;
    assert_eq!(held_locks("guest-chat:reload:tab:").await, 1);
    drop(records);

    let (_records, found) = open("reload").await;
    assert_eq!(found, written);
    assert_eq!(held_locks("guest-chat:reload:tab:").await, 1);
    clear("reload");
}

#[wasm_bindgen_test]
async fn two_tabs_at_once_share_the_conversation_and_own_their_messages() {
    let (mut first, _) = open("two").await;
    save(&mut first, &with_messages(&["a"])).await;
    let (mut second, found) = open("two").await;
    assert!(found.shared.is_some());
    assert_eq!(messages(&found), [""; 0]);
    save(&mut second, &with_messages(&["b"])).await;
    assert_eq!(keys("two").len(), 3);
    assert_eq!(held_locks("guest-chat:two:tab:").await, 2);
    clear("two");
}

#[wasm_bindgen_test]
async fn what_closed_tabs_left_is_taken_over_by_one_tab() {
    let (mut first, _) = open("closed").await;
    let (mut second, _) = open("closed").await;
    save(&mut first, &with_messages(&["a"])).await;
    save(&mut second, &with_messages(&["b"])).await;
    drop((first, second));
    settle().await;

    let (third, found) = open("closed").await;
    let (fourth, nothing) = open("closed").await;
    let mut taken = messages(&found);
    taken.sort_unstable();
    assert_eq!(taken, ["a", "b"]);
    assert_eq!(messages(&nothing), [""; 0]);
    assert_eq!(keys("closed").len(), 2, "the shared record and one tab's");
    drop((third, fourth));
    settle().await;

    let (_fifth, again) = open("closed").await;
    assert_eq!(again, found, "nothing is lost or doubled on the way");
    clear("closed");
}

#[wasm_bindgen_test]
async fn what_cannot_be_written_together_is_not_taken_over() {
    for id in ["a", "b"] {
        let record = with_messages(&[id]).tab.to_value();
        Storage::local().put(&["guest-chat:no-room:tab:", id].concat(), &json::print(&record).unwrap());
    }
    let full = Writes::fail();
    let (first, found) = open("no-room").await;
    drop(full);
    assert_eq!(messages(&found).len(), 1);
    drop(first);
    settle().await;

    let (_second, found) = open("no-room").await;
    assert_eq!(messages(&found).len(), 2);
    clear("no-room");
}

#[wasm_bindgen_test]
async fn records_that_cannot_be_read_are_left_alone() {
    Storage::local().put("guest-chat:newer:tab:x", r#"{"v":99,"draft":"from the future"}"#);
    Storage::local().put("guest-chat:newer:tab:y", "no json");
    let (mut records, found) = open("newer").await;
    assert_eq!(found, Snapshot::default());
    save(&mut records, &with_messages(&["a"])).await;
    assert_eq!(Storage::local().get("guest-chat:newer:tab:y").as_deref(), Some("no json"));
    assert_eq!(keys("newer").len(), 4);
    clear("newer");
}

#[wasm_bindgen_test]
async fn only_what_has_changed_is_written() {
    let (mut records, _) = open("changes").await;
    save(&mut records, &with_messages(&["a"])).await;
    let writes = Writes::watch();
    save(&mut records, &with_messages(&["a"])).await;
    assert_eq!(writes.keys(), [""; 0]);
    save(&mut records, &with_messages(&["a", "b"])).await;
    assert_eq!(writes.keys().len(), 1);
    assert!(writes.keys()[0].starts_with("guest-chat:changes:tab:"));
    drop(writes);
    clear("changes");
}

#[wasm_bindgen_test]
async fn a_conversation_that_is_over_leaves_nothing() {
    let (mut records, _) = open("over").await;
    save(&mut records, &with_messages(&["a"])).await;
    save(&mut records, &Snapshot::default()).await;
    assert_eq!(keys("over"), [""; 0]);
}

#[wasm_bindgen_test]
async fn what_the_visitor_wrote_outlives_a_conversation_that_is_over() {
    let (mut records, _) = open("unsent").await;
    let mut snapshot = with_messages(&["a"]);
    snapshot.tab.draft = "half a sent".into();
    save(&mut records, &snapshot).await;
    snapshot.shared = None;
    save(&mut records, &snapshot).await;
    assert_eq!(keys("unsent").len(), 1);
    drop(records);

    let (_records, found) = open("unsent").await;
    assert_eq!(found, snapshot);
    clear("unsent");
}

#[wasm_bindgen_test]
async fn what_does_not_fit_is_written_when_it_does() {
    let (mut records, _) = open("full").await;
    let full = Writes::fail();
    save(&mut records, &with_messages(&["a"])).await;
    drop(full);
    assert_eq!(keys("full"), [""; 0]);
    save(&mut records, &with_messages(&["a"])).await;
    assert_eq!(keys("full").len(), 2);
    clear("full");
}

#[wasm_bindgen_test]
async fn blocked_storage_is_no_storage_and_no_error() {
    let blocked = BlockedStorage::new();
    let (mut records, found) = open("blocked").await;
    assert_eq!(found, Snapshot::default());
    assert!(!Storage::local().is_there());
    assert_eq!(Storage::local().put("k", "v"), None);
    save(&mut records, &with_messages(&["a"])).await;
    assert_eq!(held_locks("guest-chat:blocked").await, 0);
    drop(blocked);
    assert_eq!(keys("blocked"), [""; 0]);
}

#[wasm_bindgen_test]
async fn without_locks_a_tab_takes_over_its_own_record_only() {
    let _page = NoLocks::new();
    Storage::local().put("guest-chat:plain:tab:other", r#"{"v":1,"draft":"somebody else's"}"#);
    let (mut records, found) = open("plain").await;
    assert_eq!(found.tab, TabRecord::default());
    save(&mut records, &with_messages(&["a"])).await;
    drop(records);
    let (_records, found) = open("plain").await;
    assert_eq!(messages(&found), ["a"]);
    assert_eq!(found.tab.draft, "");
    clear("plain");
}

#[wasm_bindgen_test]
async fn what_another_tab_wrote_is_known_and_not_written_again() {
    let (mut records, _) = open("other").await;
    let key = "guest-chat:other";
    assert_eq!(records.on_stored(Some("the page's own"), Some("1")), None);
    assert_eq!(records.on_stored(Some(key), Some("no json")), None);
    let text = r#"{"v":1,"token":"t","readUpTo":5}"#;
    let shared = SharedRecord { token: Some("t".into()), read_up_to: Timestamp(5), is_over: false };
    assert_eq!(records.on_stored(Some(key), Some(text)), Some(Some(shared.clone())));
    let writes = Writes::watch();
    records.save(&Snapshot { shared: Some(shared), tab: TabRecord::default() });
    assert_eq!(writes.keys(), [""; 0]);
    assert_eq!(records.on_stored(Some(key), None), Some(None));
    assert_eq!(records.on_stored(None, None), Some(None), "everything was cleared");
}
