//! One socket: what a session hears of it.

use std::cell::RefCell;
use std::rc::Rc;

use chat_proto::io::SocketEvent;
use chat_proto::json::Value;
use guest_chat::driver::socket::Socket;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Sockets, settle, until};

type Heard = Rc<RefCell<Vec<SocketEvent>>>;

fn open(url: &str) -> (Option<Socket>, Heard) {
    let heard = Heard::default();
    let socket = Socket::open(url, {
        let heard = heard.clone();
        move |event| heard.borrow_mut().push(event)
    });
    (socket, heard)
}

#[wasm_bindgen_test]
async fn frames_are_values_and_the_close_comes_once_with_its_code() {
    let network = Sockets::fake();
    let (_socket, heard) = open("wss://a.example/v1");
    network.open();
    settle().await;
    network.text(r#"{"type":"response","code":200}"#);
    network.fail(4006);
    settle().await;
    let frame = Value::object([("type", "response".into()), ("code", 200_u64.into())]);
    assert_eq!(*heard.borrow(), [SocketEvent::Opened, SocketEvent::Frame(frame), SocketEvent::Closed { code: 4006 }]);
}

#[wasm_bindgen_test]
async fn frames_that_cannot_be_read_are_said_to_be_so() {
    use SocketEvent::{Frame, Opened, Unreadable};
    let network = Sockets::fake();
    let (_socket, heard) = open("wss://a.example/v1");
    network.open();
    settle().await;
    network.binary();
    network.text("no json");
    network.text(&"[".repeat(300));
    network.text(&format!("\"{}\"", "x".repeat(256 * 1024)));
    network.text("1");
    settle().await;
    assert_eq!(*heard.borrow(), [Opened, Unreadable, Unreadable, Unreadable, Unreadable, Frame(Value::Number(1.0))]);
}

#[wasm_bindgen_test]
async fn a_connection_that_fails_is_closed_once_without_having_opened() {
    let (_socket, heard) = open("ws://127.0.0.1:59999/v1");
    until(|| !heard.borrow().is_empty()).await;
    settle().await;
    assert_eq!(*heard.borrow(), [SocketEvent::Closed { code: 1006 }]);
}

#[wasm_bindgen_test]
async fn a_url_that_is_unfit_makes_no_socket() {
    let (socket, heard) = open("ftp://a.example/v1");
    settle().await;
    assert!(socket.is_none());
    assert_eq!(*heard.borrow(), []);
}

#[wasm_bindgen_test]
async fn a_dropped_socket_is_closed_with_1000_and_says_nothing() {
    let network = Sockets::fake();
    let (socket, heard) = open("wss://a.example/v1");
    network.open();
    settle().await;
    network.text("1");
    drop(socket);
    network.text("2");
    settle().await;
    assert_eq!(network.closed(), [1000.0]);
    // The frame was in the queue when the socket was given up: its word is not wanted any more.
    assert_eq!(*heard.borrow(), [SocketEvent::Opened]);
}

#[wasm_bindgen_test]
async fn a_socket_may_be_dropped_while_it_speaks() {
    let network = Sockets::fake();
    let slot = Rc::new(RefCell::new(None));
    let heard = Rc::new(RefCell::new(0));
    let socket = Socket::open("wss://a.example/v1", {
        let (slot, heard) = (slot.clone(), heard.clone());
        move |_| {
            *heard.borrow_mut() += 1;
            drop(slot.take());
        }
    });
    slot.replace(socket);
    network.open();
    network.text("1");
    settle().await;
    assert_eq!(*heard.borrow(), 1);
    assert_eq!(network.closed(), [1000.0]);
}

#[wasm_bindgen_test]
async fn only_an_open_socket_is_handed_frames() {
    let network = Sockets::fake();
    let (socket, _heard) = open("wss://a.example/v1");
    let socket = socket.unwrap();
    socket.send("early");
    network.open();
    socket.send("in time");
    network.closing();
    socket.send("late");
    assert_eq!(network.sent(), ["in time"]);
}
