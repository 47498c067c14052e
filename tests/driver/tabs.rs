//! Several tabs, with the browser's own locks and channel. A "tab" here is a driver in this one page: neither knows the difference.

use chat_proto::io::Command;
use guest_chat::driver::Driver;
use guest_chat::driver::lock::Place;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::life::{clear, hurried};
use crate::page::{Fetch, NoLocks, Sockets, held_locks, settle, until};

/// A tab in which the panel is opened.
fn open(deployment: &str) -> Driver {
    let driver = Driver::new(hurried(deployment), |_| ());
    driver.start();
    driver.say(Command::Open);
    driver
}

#[wasm_bindgen_test]
async fn two_tabs_have_one_socket_and_the_second_takes_over_when_the_first_goes() {
    let (_network, sockets) = (Fetch::never(), Sockets::fake());
    let (first, second) = (open("leads"), open("leads"));
    until(|| sockets.count() == 1).await;
    settle().await;
    assert_eq!((sockets.count(), held_locks("guest-chat:leads").await), (1, 1));
    drop(first);
    until(|| sockets.count() == 2).await;
    assert_eq!((sockets.count(), held_locks("guest-chat:leads").await), (2, 1));
    drop(second);
    settle().await;
    assert_eq!(held_locks("guest-chat:leads").await, 0);
    clear("leads");
}

#[wasm_bindgen_test]
async fn a_tab_whose_lock_is_stolen_lets_go_of_its_socket() {
    let (_network, sockets) = (Fetch::never(), Sockets::fake());
    let first = open("robbed");
    until(|| sockets.count() == 1).await;
    assert_eq!(sockets.closed(), [0.0; 0]);
    let (place, waiting) = Place::take("guest-chat:robbed:1", true).unwrap();
    assert!(waiting.granted.await.is_ok());
    until(|| !sockets.closed().is_empty()).await;
    assert_eq!(sockets.closed(), [1000.0]);
    drop((place, first));
    clear("robbed");
}

#[wasm_bindgen_test]
async fn without_locks_each_tab_has_its_own_socket() {
    let (_network, sockets, _page) = (Fetch::never(), Sockets::fake(), NoLocks::new());
    let tabs = (open("alone"), open("alone"));
    until(|| sockets.count() == 2).await;
    assert_eq!(sockets.count(), 2);
    drop(tabs);
    clear("alone");
}

#[wasm_bindgen_test]
async fn a_place_in_the_line_is_waited_for_given_up_and_robbed() {
    const NAME: &str = "guest-chat-test:line";
    let (first, waiting) = Place::take(NAME, false).unwrap();
    assert!(waiting.granted.await.is_ok());
    let (second, in_line) = Place::take(NAME, false).unwrap();
    let (third, behind) = Place::take(NAME, false).unwrap();
    settle().await;
    assert_eq!(held_locks(NAME).await, 1);
    drop(second);
    assert!(in_line.granted.await.is_err(), "who leaves the line is granted nothing");
    drop(first);
    assert!(waiting.over.await.is_ok(), "what is let go of was not stolen");
    assert!(behind.granted.await.is_ok());
    let (thief, robbery) = Place::take(NAME, true).unwrap();
    assert!(robbery.granted.await.is_ok());
    assert!(behind.over.await.is_err(), "and who is robbed hears of it");
    drop((thief, third));
    settle().await;
    assert_eq!(held_locks(NAME).await, 0);
}
