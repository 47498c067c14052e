//! `data-trace`: whoever looks into a conversation afterwards finds all of it in one trace, on both sides of a reconnect. Nobody is told
//! who did not ask for it, and nothing is where it is off.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::Command;
use chat_proto::phase::ConnectionStatus;
use common::Rig;
use simulator::Settings;

const SHOP: &str = "https://shop.example/";
const BACKEND: &str = "http://127.0.0.1:9000";

fn traced(dialect: &str, listed: &str) -> Rig {
    let set = |page: &mut chat_proto::config::Settings| {
        page.dialect = Some(dialect.into());
        page.trace = Some(listed.into());
    };
    Rig::configured(1, Settings::quiet(), set).online()
}

/// What was told below this address, each once.
fn told(rig: &Rig, below: &str) -> Vec<Option<String>> {
    let mut all: Vec<_> = rig.told.iter().filter(|(url, _)| url.starts_with(below)).map(|(_, it)| it.clone()).collect();
    all.dedup();
    all
}

/// The one trace of which the token endpoint was told.
fn trace(rig: &Rig) -> String {
    let all = told(rig, SHOP);
    assert_eq!(all.len(), 1, "{all:?}");
    let trace = all[0].clone().expect("a trace");
    assert_eq!((trace.len(), &trace[..3], &trace[52..]), (55, "00-", "-01"), "{trace}");
    trace
}

fn come_back(rig: &mut Rig) {
    rig.send("one");
    rig.run_for(3_000);
    rig.cut();
    rig.run_for(200);
    rig.run_until("online again", |rig| rig.status == ConnectionStatus::Online);
}

#[test]
fn nothing_is_told_where_nobody_asked_for_it() {
    for dialect in ["web-messaging", "webmessaging-guests"] {
        let mut rig = Rig::on(dialect, 1, Settings::quiet(), true).online();
        come_back(&mut rig);
        assert!(rig.told.iter().all(|(_, trace)| trace.is_none()), "{:?}", rig.told);
        assert_eq!(rig.frames_with("traceparent"), 0, "{dialect}");
        assert_eq!(rig.saved.shared.and_then(|shared| shared.trace), None);
    }
}

#[test]
fn both_sides_of_a_reconnect_and_of_a_reload_are_in_one_trace() {
    for dialect in ["web-messaging", "webmessaging-guests"] {
        let mut rig = traced(dialect, "");
        come_back(&mut rig);
        rig.reload();
        rig.run_until("online after the reload", |rig| rig.status == ConnectionStatus::Online);
        let trace = trace(&rig);
        let hellos = rig.frames_with(r#""type":"CONNECT""#) + rig.frames_with(r#""action":"configureSession""#);
        assert!(hellos >= 3, "{dialect}: {hellos}");
        assert_eq!(rig.frames_with(&trace), hellos, "{dialect}: in each hello, and in no other frame");
    }
}

#[test]
fn another_origin_is_told_only_where_the_page_lists_it() {
    let mut rig = traced("web-messaging", "");
    come_back(&mut rig);
    assert_eq!(told(&rig, BACKEND), [None]);

    let mut rig = traced("web-messaging", BACKEND);
    come_back(&mut rig);
    let trace = trace(&rig);
    assert_eq!(told(&rig, &format!("{BACKEND}/api/v2/webmessaging/messages")), [Some(trace)]);
}

#[test]
fn another_conversation_is_another_trace() {
    for dialect in ["web-messaging", "conversation-socket"] {
        let mut rig = traced(dialect, "");
        rig.send("one");
        rig.run_for(3_000);
        let before = trace(&rig);
        let token = rig.token();
        rig.backend_does(|backend, now| backend.disconnect_conversation(now, &token, true));
        rig.run_for(1_000);
        rig.told.clear();
        rig.say(Command::NewChat);
        rig.run_until("a new one", |rig| rig.status == ConnectionStatus::Online);
        rig.send("anew");
        rig.run_for(3_000);
        let kept = rig.saved.shared.as_ref().and_then(|shared| shared.trace.clone());
        let now = kept.or_else(|| told(&rig, SHOP).pop().flatten());
        assert_ne!(now, None, "{dialect}");
        assert_ne!(now, Some(before), "{dialect}");
    }
}
