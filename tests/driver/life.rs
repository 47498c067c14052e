//! A whole driver: when it begins, what it holds, and what it leaves behind.

use std::cell::RefCell;
use std::rc::Rc;

use chat_proto::config::{Config, Settings};
use chat_proto::io::{Command, Event, TimelineDiff};
use chat_proto::message::{Content, Item};
use guest_chat::driver::Driver;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{self, Fetch, Listeners, NoNetwork, Sockets, Timers, Writes, held_locks, settle, until};

type Told = Rc<RefCell<Vec<Event>>>;

fn config(deployment: &str) -> Config {
    Config::new(&Settings {
        deployment_id: Some(deployment.into()),
        endpoint: Some("http://127.0.0.1:59999".into()),
        ..Settings::default()
    })
    .unwrap()
}

/// Who waits a tenth of a second for answers.
pub(crate) fn hurried(deployment: &str) -> Config {
    let mut config = config(deployment);
    config.timings.request = 100;
    config
}

fn driver(deployment: &str) -> (Driver, Told) {
    let told = Told::default();
    let driver = Driver::new(config(deployment), {
        let told = told.clone();
        move |event| told.borrow_mut().push(event)
    });
    (driver, told)
}

/// Takes away what a deployment has stored.
pub(crate) fn clear(deployment: &str) {
    let window = web_sys::window().unwrap();
    for storage in [window.local_storage(), window.session_storage()] {
        let storage = storage.unwrap().unwrap();
        for key in js_sys::Object::keys(&storage) {
            let key = key.as_string().unwrap();
            if key.starts_with(&["guest-chat:", deployment].concat()) {
                storage.remove_item(&key).unwrap();
            }
        }
    }
}

#[wasm_bindgen_test]
async fn an_idle_driver_asks_for_nothing_and_keeps_nothing() {
    let (network, sockets) = (Fetch::never(), Sockets::fake());
    let (writes, timers) = (Writes::watch(), Timers::watch());
    let (driver, _told) = driver("idle-driver");
    driver.start();
    settle().await;
    page::leave();
    page::come_back();
    settle().await;
    assert_eq!((network.asked().len(), sockets.count()), (0, 0));
    assert_eq!((writes.keys().len(), timers.pending()), (0, 0));
    assert_eq!(held_locks("guest-chat:idle-driver").await, 0);
    drop(driver);
}

#[wasm_bindgen_test]
async fn an_earlier_conversation_is_not_resumed_before_there_is_a_network() {
    let (network, sockets, offline) = (Fetch::never(), Sockets::fake(), NoNetwork::new());
    let local = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    local.set_item("guest-chat:begins-offline", r#"{"v":1,"token":"t","readUpTo":1}"#).unwrap();
    let (driver, told) = driver("begins-offline");
    driver.start();
    until(|| !told.borrow().is_empty()).await;
    settle().await;
    assert_eq!((network.asked().len(), sockets.count()), (0, 0));

    drop(offline);
    page::online();
    until(|| network.asked().len() == 1).await;
    assert_eq!(network.asked().len(), 1);
    drop(driver);
    clear("begins-offline");
}

#[wasm_bindgen_test]
async fn a_dropped_driver_leaves_nothing_behind() {
    let (network, _sockets) = (Fetch::never(), Sockets::fake());
    let (listeners, timers) = (Listeners::watch(), Timers::watch());
    let (driver, told) = driver("dropped");
    let say = driver.speaker();
    driver.say(Command::Open);
    driver.say(Command::Send("hello".into()));
    driver.start();
    until(|| network.asked().len() == 1).await;
    assert_eq!((listeners.count(), timers.pending()), (7, 1));

    drop(driver);
    assert_eq!((listeners.count(), timers.pending()), (0, 0));
    let (asked, heard) = (network.asked().len(), told.borrow().len());
    say(Command::Send("too late".into()));
    settle().await;
    assert_eq!((network.asked().len(), told.borrow().len()), (asked, heard));
    assert_eq!(held_locks("guest-chat:dropped").await, 0);
    clear("dropped");
}

#[wasm_bindgen_test]
async fn a_driver_may_be_dropped_by_whom_it_tells() {
    let (_network, _sockets) = (Fetch::never(), Sockets::fake());
    let slot: Rc<RefCell<Option<Driver>>> = Rc::default();
    let driver = Driver::new(config("within"), {
        let slot = slot.clone();
        move |_| drop(slot.take())
    });
    driver.start();
    driver.say(Command::Open);
    slot.replace(Some(driver));
    settle().await;
    assert_eq!(held_locks("guest-chat:within").await, 0);
    drop(slot.take());
    clear("within");
}

#[wasm_bindgen_test]
async fn a_page_that_was_left_holds_nothing_and_finds_everything_when_it_comes_back() {
    goes_and_comes_back("cache", page::leave, page::come_back).await;
}

#[wasm_bindgen_test]
async fn a_page_that_was_frozen_holds_nothing_and_finds_everything_when_it_thaws() {
    goes_and_comes_back("frozen", page::freeze, page::thaw).await;
}

async fn goes_and_comes_back(deployment: &str, go: fn(), come_back: fn()) {
    let locks = ["guest-chat:", deployment].concat();
    let (network, _sockets, timers) = (Fetch::never(), Sockets::fake(), Timers::watch());
    let (driver, told) = driver(deployment);
    driver.start();
    driver.say(Command::Send("hello".into()));
    until(|| network.asked().len() == 1).await;
    assert_eq!(held_locks(&locks).await, 1);

    go();
    settle().await;
    assert_eq!(timers.pending(), 0);
    assert_eq!(held_locks(&locks).await, 0);

    come_back();
    until(|| network.asked().len() > 1).await;
    assert!(network.asked().len() > 1);
    assert_eq!(held_locks(&locks).await, 1);
    let mut shown = Vec::new();
    for event in told.borrow().iter() {
        match event {
            Event::Timeline(TimelineDiff::Reset(items)) => shown.clone_from(items),
            Event::Timeline(TimelineDiff::Insert { index, item }) => shown.insert(*index, item.clone()),
            _ => {}
        }
    }
    let is_hello = |item: &Item| matches!(&item.content, Content::Inbound(said) if said.text == "hello");
    assert_eq!(shown.iter().filter(|item| is_hello(item)).count(), 1, "shown once, not once for each time");
    drop(driver);
    clear(deployment);
}

#[wasm_bindgen_test]
async fn a_question_without_an_answer_is_given_up_in_time() {
    let (network, sockets) = (Fetch::never(), Sockets::fake());
    let driver = Driver::new(hurried("hurried"), |_| ());
    driver.start();
    driver.say(Command::Open);
    until(|| network.asked().len() == 1).await;
    assert_eq!(sockets.count(), 0, "the deployment's settings are waited for");
    until(|| sockets.count() == 1).await;
    assert_eq!(sockets.count(), 1);
    drop(driver);
    clear("hurried");
}
