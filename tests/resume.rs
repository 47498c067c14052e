//! A connection is lost and the conversation goes on: with everything that was said meanwhile, and nothing said twice.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input};
use chat_proto::message::{Content, Notice, Rejection, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use common::{Reply, Rig};
use simulator::{Cut, Effect, FaultRule, On, Settings, Side};

#[test]
fn every_close_that_we_did_not_ask_for_is_transient_a_clean_one_included() {
    for code in (1000..=1015).chain(3000..=4999) {
        let mut rig = Rig::new(u64::from(code)).online();
        rig.close_all(code);
        rig.run_for(10_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "after {code}");
        assert_eq!(rig.problems, [Problem::ConnectionLost { code }]);
    }
}

#[test]
fn the_fourth_misunderstanding_in_ten_minutes_ends_visibly_the_third_want_of_permission_and_nothing_else() {
    for code in (1000..=1015).chain((3000..=4999).step_by(83)) {
        let mut rig = Rig::new(1).online();
        let speaks_of_permission = matches!(code, 1008 | 3000..=3003 | 3500..=3999 | 4400..=4499);
        let closes = if speaks_of_permission { 3 } else { 4 };
        for close in 1..=closes {
            assert_eq!(rig.status, ConnectionStatus::Online, "before close {close} with {code}");
            rig.close_all(code);
            rig.run_for(60_000);
        }
        if speaks_of_permission || [1002, 1003, 1007, 1010].contains(&code) {
            assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Refused, closes), "{code}");
            assert_eq!(rig.problems.last(), Some(&Problem::Refused { code }));
            rig.say(Command::TryNow);
            rig.run_for(5_000);
        }
        assert_eq!(rig.status, ConnectionStatus::Online, "{code}");
    }
}

#[test]
fn misunderstandings_that_are_far_apart_are_accidents() {
    let mut rig = Rig::new(1).online();
    for _ in 0..10 {
        rig.close_all(1002);
        rig.run_for(240_000);
        assert_eq!(rig.status, ConnectionStatus::Online);
    }
}

#[test]
fn a_close_for_length_fails_the_message_in_flight_unless_it_arrived() {
    for (cut, state) in [
        (Cut::BeforeAccept, SendState::Failed(Rejection::TooLong)),
        (Cut::AfterAccept, SendState::Sent),
        (Cut::AfterEcho, SendState::Sent),
    ] {
        let mut rig = Rig::new(1).online();
        let close = Effect::Close { code: 1009, reason: String::new(), cut };
        rig.backend.inject(FaultRule::once(On::Request("text".into()), close));
        rig.send("one");
        rig.send("two");
        rig.run_for(20_000);
        assert_eq!((rig.state_of("one"), rig.state_of("two")), (state, SendState::Sent), "{cut:?}");
        assert_eq!(rig.accepted().len(), 1 + usize::from(state == SendState::Sent), "{cut:?}");
        // It may be shortened elsewhere meanwhile: whoever tries it again gets it tried again.
        let one = rig.local_id_of("one");
        rig.say(Command::Retry(one));
        rig.run_for(5_000);
        assert_eq!(rig.state_of("one"), SendState::Sent, "{cut:?}");
    }
}

#[test]
fn a_socket_that_does_not_open_twice_is_asked_about_once_where_somebody_may_know() {
    let mut rig = Rig::new(1).online();
    let refused = Effect::Status { status: 403, retry_after: None, html: false };
    rig.backend.inject(FaultRule::once(On::Upgrade, refused.clone()).always());
    rig.cut();
    rig.run_for(600_000);
    assert!(rig.sockets > 20 && rig.endpoint.requests() == 2, "{} {}", rig.sockets, rig.endpoint.requests());
    // The endpoint knows: this visitor is not to chat any more.
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Upgrade, refused.clone()).always());
    rig.endpoint.next.extend([Reply::Status(403, None), Reply::Status(403, None)]);
    rig.cut();
    rig.run_for(60_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Refused, 3));
    // Or the settings do: the deployment was switched off.
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Upgrade, refused.clone()).always());
    rig.backend.inject(FaultRule::once(On::Http("config.json".into()), refused));
    rig.cut();
    rig.run_for(60_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Misconfigured, 3));
}

#[test]
fn a_session_that_the_backend_does_not_know_is_introduced_again_then_replaced_then_given_up() {
    for (times, status, sessions, lines) in [
        (1, ConnectionStatus::Online, 1, ["said before", "one"].as_slice()),
        (2, ConnectionStatus::Online, 2, &["said before", "one"]),
        (3, ConnectionStatus::Refused, 2, &["said before", "one"]),
    ] {
        let mut rig = Rig::new(1).online();
        rig.send("said before");
        rig.run_for(2_000);
        let unknown = Effect::Error { code: 4007, message: "unknown".into() };
        rig.backend.inject(FaultRule { count: Some(times), ..FaultRule::once(On::Request("text".into()), unknown) });
        rig.send("one");
        rig.run_for(60_000);
        assert_eq!((rig.status, rig.backend.sessions().len()), (status, sessions), "{times} times");
        assert_eq!(rig.screen().iter().map(|(text, _)| text).collect::<Vec<_>>(), lines, "{times} times");
        let is_sent = rig.state_of("one") == SendState::Sent;
        assert_eq!(is_sent, status == ConnectionStatus::Online, "{times} times");
    }
}

#[test]
fn a_message_cut_off_at_any_point_arrives_exactly_once() {
    for cut in [Cut::BeforeAccept, Cut::AfterAccept, Cut::AfterEcho] {
        for code in [1000, 1006] {
            let mut rig = Rig::new(1).online();
            let close = Effect::Close { code, reason: String::new(), cut };
            rig.backend.inject(FaultRule::once(On::Request("text".into()), close));
            rig.send("one");
            rig.send("two");
            rig.run_for(20_000);
            assert_eq!(rig.accepted(), ["one", "two"], "{cut:?} with {code}");
            assert_eq!(rig.screen(), [("one".into(), "sent"), ("two".into(), "sent")], "{cut:?} with {code}");
        }
    }
}

#[test]
fn where_history_carries_no_ids_text_and_time_tell() {
    for cut in [Cut::BeforeAccept, Cut::AfterAccept] {
        let settings = Settings { history_shows_client_id: false, ..Settings::quiet() };
        let mut rig = Rig::with(1, settings, true).online();
        rig.send("ok");
        rig.run_for(2_000);
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut }));
        rig.send("ok");
        rig.run_for(20_000);
        assert_eq!(rig.accepted(), ["ok", "ok"], "{cut:?}");
        assert_eq!(rig.screen(), [("ok".into(), "sent"), ("ok".into(), "sent")], "{cut:?}");
    }
}

#[test]
fn history_that_lags_behind_repeats_nothing() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::HistoryLate { ms: 2_000 }));
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::AfterAccept }));
    rig.send("one");
    rig.run_for(20_000);
    assert_eq!(rig.accepted(), ["one"]);
    assert_eq!(rig.state_of("one"), SendState::Sent);
}

#[test]
fn what_was_said_meanwhile_is_there_in_order_and_was_said_to_the_page() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    rig.go_offline();
    for n in 0..60 {
        rig.agent_says(&format!("missed {n}"));
        rig.run_for(10);
    }
    rig.send("typed while offline");
    rig.go_online();
    rig.run_for(20_000);
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    let missed = (0..60).map(|n| format!("missed {n}"));
    let expected: Vec<_> =
        ["before".to_owned()].into_iter().chain(missed).chain(["typed while offline".into()]).collect();
    assert_eq!(texts, expected);
    assert_eq!(rig.said.len(), 62);
}

#[test]
fn more_than_can_be_fetched_at_once_leaves_no_hole() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    rig.go_offline();
    for n in 0..150 {
        rig.agent_says(&format!("missed {n}"));
        rig.run_for(10);
    }
    rig.go_online();
    let asked = rig.pages_asked.len();
    rig.run_for(10_000);
    let pages: Vec<u32> = rig.pages_asked[asked..].iter().map(|(_, page)| *page).collect();
    assert_eq!(pages, [1, 2, 3, 4], "no more at once");
    assert!(rig.has_more);
    for _ in 0..5 {
        rig.say(Command::LoadEarlier);
        rig.run_for(2_000);
    }
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    let expected: Vec<_> = ["before".to_owned()].into_iter().chain((0..150).map(|n| format!("missed {n}"))).collect();
    assert_eq!(texts, expected);
    assert!(!rig.has_more);
}

#[test]
fn older_messages_come_page_by_page_while_new_ones_shift_the_pages() {
    let mut rig = Rig::new(1).online();
    for n in 0..80 {
        rig.agent_says(&format!("old {n}"));
        rig.run_for(10);
    }
    rig.reload();
    rig.run_for(3_000);
    assert_eq!(rig.screen().len(), 25);
    for n in 0..5 {
        rig.agent_says(&format!("new {n}"));
        rig.say(Command::LoadEarlier);
        rig.run_for(2_000);
    }
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    let expected: Vec<_> = (0..80).map(|n| format!("old {n}")).chain((0..5).map(|n| format!("new {n}"))).collect();
    assert_eq!(texts, expected);
}

#[test]
fn what_was_typed_survives_a_reload_at_every_moment() {
    for moment in 0..60 {
        let mut rig = Rig::new(moment);
        rig.say(Command::Open);
        rig.say(Command::Draft("half a sent".into()));
        rig.send("one");
        rig.send("two");
        rig.run_for(moment * 25);
        rig.reload();
        rig.run_for(20_000);
        assert_eq!(rig.accepted(), ["one", "two"], "reloaded after {} ms", moment * 25);
        assert_eq!(rig.screen(), [("one".into(), "sent"), ("two".into(), "sent")], "reloaded after {} ms", moment * 25);
        assert!(rig.reopened, "an open panel is open again");
        assert_eq!(rig.draft.as_deref(), Some("half a sent"));
    }
}

#[test]
fn a_draft_is_kept_within_a_third_of_a_second_or_when_the_page_is_hidden() {
    let mut rig = Rig::new(1).online();
    rig.say(Command::Draft("half".into()));
    rig.run_for(300);
    assert_eq!(rig.saved.tab.draft, "half");
    rig.say(Command::Draft("half a sent".into()));
    rig.hand_in(Input::Hidden);
    assert_eq!(rig.saved.tab.draft, "half a sent");
}

#[test]
fn a_connection_that_only_seems_open_is_found_out() {
    for side in [Side::Both, Side::FromClient, Side::ToClient] {
        let mut rig = Rig::new(1).online();
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::BlackHole { side, ms: None }));
        rig.send("one");
        rig.run_for(8_200);
        assert_eq!(rig.problems, [Problem::Unresponsive], "{side:?}");
        rig.run_for(20_000);
        assert_eq!(rig.accepted(), ["one"], "{side:?}");
    }
}

#[test]
fn a_page_that_wakes_asks_at_once_whether_its_connection_lives() {
    let mut rig = Rig::new(1).online();
    rig.hand_in(Input::Hidden);
    rig.run_for(600_000);
    let black_hole = Effect::BlackHole { side: Side::Both, ms: None };
    rig.backend.inject(FaultRule::once(On::Request("*".into()), black_hole));
    rig.hand_in(Input::Visible);
    rig.run_for(8_500);
    assert_eq!(rig.problems, [Problem::Unresponsive]);
    rig.run_for(5_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_network_that_returns_is_used_within_half_a_second() {
    let mut rig = Rig::new(1).online();
    rig.go_offline();
    assert_eq!(rig.status, ConnectionStatus::Offline);
    rig.run_for(60_000);
    assert_eq!(rig.sockets, 1, "no attempt while offline");
    rig.go_online();
    rig.run_for(1_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_network_that_flaps_makes_no_storm() {
    let mut rig = Rig::new(1).online();
    for _ in 0..100 {
        rig.go_offline();
        rig.run_for(50);
        rig.go_online();
        rig.run_for(50);
    }
    assert!(rig.sockets <= 10, "{} sockets in ten seconds", rig.sockets);
    rig.run_for(10_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

#[test]
fn a_backend_that_accepts_and_drops_at_once_is_not_hammered() {
    let mut rig = Rig::new(1).online();
    let close = Effect::Close { code: 1000, reason: String::new(), cut: Cut::AfterEcho };
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), close).always());
    rig.cut();
    rig.run_for(120_000);
    assert!(rig.sockets <= 40, "{} sockets in two minutes", rig.sockets);
}

#[test]
fn the_countdown_tells_whole_seconds_and_ends() {
    let mut rig = Rig::new(3).online();
    rig.backend
        .inject(FaultRule::once(On::Upgrade, Effect::Status { status: 503, retry_after: None, html: false }).always());
    rig.cut();
    rig.run_for(120_000);
    let told: Vec<_> = rig
        .statuses
        .iter()
        .filter_map(|status| match status {
            ConnectionStatus::Reconnecting { next_try_in } => Some(*next_try_in),
            _ => None,
        })
        .collect();
    assert!(told.contains(&Some(1)) && told.contains(&Some(2)) && told.contains(&None), "{told:?}");
    assert!(told.iter().flatten().all(|seconds| *seconds <= 13), "{told:?}");
}

#[test]
fn history_that_cannot_be_had_is_said_and_filled_in_later() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    rig.backend.inject(
        FaultRule::once(On::Http("messages".into()), Effect::Status { status: 503, retry_after: None, html: false })
            .always(),
    );
    rig.go_offline();
    rig.agent_says("missed");
    rig.go_online();
    rig.run_for(20_000);
    let has_gap = |rig: &Rig| rig.items.iter().any(|item| item.content == Content::Notice(Notice::Gap));
    assert!(has_gap(&rig));
    rig.send("after");
    rig.run_for(2_000);
    assert_eq!(rig.accepted(), ["before", "after"], "the conversation goes on");
    rig.backend.clear_faults();
    rig.run_for(120_000);
    assert!(!has_gap(&rig));
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["before", "missed", "after"]);
}

#[test]
fn a_message_that_history_cannot_tell_of_is_asked_about_and_not_sent_again_by_itself() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::Hang).always());
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::AfterAccept }));
    rig.send("one");
    rig.run_for(120_000);
    assert_eq!(rig.state_of("one"), SendState::Unconfirmed { ask: true });
    assert_eq!(rig.accepted(), ["one"]);
    rig.send("two");
    rig.run_for(5_000);
    assert_eq!(rig.accepted(), ["one", "two"], "it holds nothing up");
    rig.backend.clear_faults();
    rig.run_for(120_000);
    assert_eq!(rig.state_of("one"), SendState::Sent, "and it is found when history comes back");
}

#[test]
fn a_session_that_is_new_where_an_old_one_was_expected_sends_nothing_twice() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::AfterAccept }));
    rig.send("fate unknown");
    rig.run_for(60);
    let token = rig.token();
    rig.go_offline();
    rig.run_for(1_000);
    // It expires while nobody is connected to hear of it.
    rig.backend_does(|backend, now| backend.expire(now, &token, true));
    rig.go_online();
    rig.run_for(20_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
    assert_eq!(rig.accepted_of(&token), ["before", "fate unknown"]);
    assert_eq!(rig.state_of("fate unknown"), SendState::Unconfirmed { ask: true });
}

#[test]
fn the_first_message_of_a_conversation_that_begins_by_itself_is_sent_again_when_it_was_not_accepted() {
    for (first, cut) in
        [(true, Cut::BeforeAccept), (false, Cut::BeforeAccept), (true, Cut::AfterAccept), (false, Cut::AfterAccept)]
    {
        let settings = simulator::Settings { agent: false, ..simulator::Settings::default() };
        let mut rig = Rig::with(5, settings, true).online();
        // Typing is echoed, and stands in no history.
        rig.say(Command::Draft("in".into()));
        rig.run_for(500);
        if !first {
            rig.send("before");
            rig.run_for(2_000);
        }
        rig.backend.inject(FaultRule::once(
            On::Request("text".into()),
            Effect::Close { code: 1000, reason: String::new(), cut },
        ));
        rig.send("in the middle");
        rig.run_for(30_000);
        assert_eq!(
            rig.accepted().last().map(String::as_str),
            Some("in the middle"),
            "{first} {cut:?} {:?}",
            rig.screen()
        );
        assert!(rig.screen().iter().all(|(_, state)| *state == "sent"), "{first} {cut:?} {:?}", rig.screen());
    }
}

#[test]
fn scrolling_back_does_not_call_off_the_question_about_a_message_of_unknown_fate() {
    let mut rig = Rig::new(1).online();
    for n in 0..60 {
        rig.agent_says(&format!("old {n}"));
        rig.run_for(10);
    }
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::BeforeAccept }));
    rig.send("one");
    rig.reload();
    rig.run_until("it is connected", |rig| rig.status == ConnectionStatus::Online);
    assert_eq!(rig.state_of("one"), SendState::Unconfirmed { ask: false });
    rig.say(Command::LoadEarlier);
    rig.run_for(8_000);
    assert_eq!((rig.accepted(), rig.state_of("one")), (vec!["one".into()], SendState::Sent));
}

#[test]
fn a_history_that_lacks_what_is_shown_is_not_believed_to_be_whole() {
    let mut rig = Rig::new(1).online();
    let say = |rig: &mut Rig, what: &str, count: u32| {
        for n in 0..count {
            rig.agent_says(&format!("{what} {n}"));
            rig.run_for(10);
        }
    };
    say(&mut rig, "heard", 20);
    rig.run_for(1_000);
    rig.go_offline();
    say(&mut rig, "missed", 20);
    rig.run_for(5_000);
    // While history takes its time to say that there is none, the conversation goes on.
    let history = |effect| FaultRule::once(On::Http("messages".into()), effect);
    rig.backend.inject(history(Effect::Delay { ms: 3_000, jitter: 0 }));
    rig.backend.inject(history(Effect::HistoryEmpty));
    rig.go_online();
    rig.run_for(2_000);
    say(&mut rig, "later", 15);
    rig.run_for(5_000);
    rig.cut();
    rig.run_for(20_000);
    let expected: Vec<_> = [("heard", 20), ("missed", 20), ("later", 15)]
        .into_iter()
        .flat_map(|(what, count)| (0..count).map(move |n| format!("{what} {n}")))
        .collect();
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, expected);
}

/// The question goes to history by another way than the message went, and would come before it.
#[test]
fn a_page_that_slept_does_not_take_a_message_on_a_slow_socket_for_lost() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(1_000);
    // Whoever comes back has a key to history.
    rig.cut();
    rig.run_for(10_000);
    rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Delay { ms: 3_500, jitter: 0 }));
    rig.send("one");
    rig.sleep(10_000);
    rig.run_for(60_000);
    assert_eq!(rig.accepted(), ["before", "one"]);
    assert_eq!(rig.sockets, 2, "and not for its connection either");
}

/// A page that was loaded again, nobody looks at, and shows the newest of sixty lines.
fn reloaded() -> Rig {
    let mut rig = Rig::new(1).online();
    for n in 0..60 {
        rig.agent_says(&format!("old {n}"));
        rig.run_for(10);
    }
    rig.reload();
    rig.hand_in(Input::Hidden);
    rig.run_for(3_000);
    assert_eq!((rig.screen().len(), rig.has_more), (25, true));
    rig
}

#[test]
fn what_a_new_page_reads_of_history_is_not_said_to_it_as_news() {
    let mut rig = Rig::new(1).online();
    rig.agent_says("hello");
    rig.run_for(1_000);
    rig.reload();
    rig.run_for(3_000);
    assert_eq!((rig.screen().len(), rig.said.len()), (1, 1));
}

#[test]
fn older_messages_are_fetched_once_however_often_they_are_asked_for_and_only_while_there_are_any() {
    let mut rig = reloaded();
    let asked = rig.pages_asked.len();
    assert!(!rig.is_loading);
    rig.say(Command::LoadEarlier);
    rig.say(Command::LoadEarlier);
    assert!(rig.is_loading);
    rig.run_for(2_000);
    assert_eq!((rig.is_loading, rig.screen().len(), rig.pages_asked.len()), (false, 50, asked + 1));
    rig.go_offline();
    rig.say(Command::LoadEarlier);
    assert!(!rig.is_loading, "not without a network");
    rig.go_online();
    rig.run_for(3_000);
    assert!(!rig.is_loading, "what was missed is no older page");
    rig.say(Command::LoadEarlier);
    rig.run_for(2_000);
    assert_eq!((rig.has_more, rig.screen().len()), (false, 60));
    let asked = rig.pages_asked.len();
    rig.say(Command::LoadEarlier);
    rig.run_for(2_000);
    assert_eq!((rig.is_loading, rig.pages_asked.len()), (false, asked));
}

#[test]
fn a_key_to_history_is_used_again_for_half_a_minute() {
    let mut rig = reloaded();
    let keys = rig.frames_with("getJwt");
    rig.run_for(20_000);
    rig.say(Command::LoadEarlier);
    rig.run_for(2_000);
    assert_eq!((rig.screen().len(), rig.frames_with("getJwt")), (50, keys));
    rig.run_for(10_000);
    rig.say(Command::LoadEarlier);
    rig.run_for(2_000);
    assert_eq!((rig.screen().len(), rig.frames_with("getJwt")), (60, keys + 1));
}

#[test]
fn a_key_to_history_that_is_refused_is_replaced_once() {
    let refused = || {
        let effect = Effect::Status { status: 401, retry_after: None, html: false };
        FaultRule::once(On::Http("messages".into()), effect)
    };
    let mut rig = reloaded();
    let keys = rig.frames_with("getJwt");
    rig.backend.inject(refused());
    rig.say(Command::LoadEarlier);
    rig.run_for(2_000);
    assert_eq!((rig.screen().len(), rig.frames_with("getJwt"), rig.problems.len()), (50, keys + 1, 0));
    rig.backend.inject(refused().always());
    rig.say(Command::LoadEarlier);
    rig.run_for(2_000);
    assert_eq!((rig.is_loading, rig.problems), (false, vec![Problem::History { status: 401 }]));
}

#[test]
fn a_key_to_history_that_does_not_come_is_asked_for_again() {
    let mut rig = Rig::new(1).online();
    rig.run_for(1_000);
    rig.backend.inject(FaultRule::once(On::Request("getJwt".into()), Effect::Lose));
    rig.cut();
    rig.run_for(13_000);
    assert_eq!((rig.status, rig.frames_with("getJwt")), (ConnectionStatus::Online, 2));
    assert!(rig.problems.contains(&Problem::History { status: 0 }), "{:?}", rig.problems);
}

#[test]
fn history_that_cannot_be_had_is_asked_for_after_1_2_4_seconds_and_so_on_up_to_a_minute() {
    let mut rig = Rig::new(1).online();
    rig.hand_in(Input::Hidden);
    rig.run_for(1_000);
    let effect = Effect::Status { status: 503, retry_after: None, html: false };
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), effect).always());
    rig.cut();
    rig.run_for(190_000);
    let waits: Vec<u64> = rig.pages_asked.windows(2).map(|pair| (pair[1].0 - pair[0].0) / 1_000).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(rig.status, ConnectionStatus::Online, "after the third the conversation goes on");
}

#[test]
fn what_was_read_is_kept_as_read_at_once() {
    let mut rig = Rig::new(1).online();
    rig.agent_says("hello");
    rig.run_for(1_000);
    let read_up_to = rig.saved.shared.as_ref().map(|shared| shared.read_up_to);
    assert_eq!(read_up_to, rig.items.last().map(|item| item.time));
}

#[test]
fn the_panel_is_kept_as_it_is_left() {
    let mut rig = Rig::new(1).online();
    rig.say(Command::Close);
    assert!(!rig.saved.tab.is_open);
    rig.say(Command::Open);
    assert!(rig.saved.tab.is_open);
}

#[test]
fn a_history_that_asks_for_long_patience_holds_nothing_up() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    let later = Effect::Status { status: 429, retry_after: Some("300".into()), html: false };
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), later));
    rig.go_offline();
    rig.send("meanwhile");
    rig.go_online();
    rig.run_for(10_000);
    assert_eq!((rig.status, rig.accepted()), (ConnectionStatus::Online, vec!["before".into(), "meanwhile".into()]));
    rig.agent_says("heard");
    rig.run_for(600_000);
    let texts: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["before", "meanwhile", "heard"]);
    assert!(rig.items.iter().all(|item| item.content != Content::Notice(Notice::Gap)), "filled in by now");
}

/// A history that carries the ids of our messages at one time and not at another.
#[test]
fn a_message_that_history_first_shows_as_somebody_s_is_shown_once_when_it_turns_out_to_be_ours() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    let older = rig.saved.clone();
    rig.send("ours");
    rig.backend.inject(FaultRule::once(On::Push("Inbound".into()), Effect::Lose));
    rig.run_for(100);
    let mut kept = rig.saved.clone();
    kept.shared = older.shared;
    rig.run_for(20_000);
    // Storage could not keep that it had arrived; and the next page is late to know that there was such a message.
    rig.saved = kept;
    rig.backend.inject(FaultRule::once(On::Http("messages".into()), Effect::HistoryWithoutIds));
    rig.reload();
    rig.run_for(120_000);
    let shown = rig.screen().into_iter().filter(|(text, _)| text == "ours").count();
    assert_eq!((shown, rig.accepted()), (1, vec!["before".into(), "ours".into()]));
}

/// It was looked up once, in vain, while its socket seemed alive; then the socket was given up, and the message arrived a moment later.
#[test]
fn what_a_slow_wire_brings_after_its_socket_was_given_up_is_not_sent_again() {
    let mut rig = Rig::new(1).online();
    rig.send("before");
    rig.run_for(2_000);
    rig.latency = (14_900, 14_900);
    rig.send("slow");
    rig.latency = (20, 20);
    rig.sleep(10_000);
    rig.run_for(60_000);
    assert_eq!(rig.sockets, 2, "the first was given up");
    assert_eq!(rig.accepted(), ["before", "slow"]);
    assert_eq!(rig.state_of("slow"), SendState::Sent);
}
