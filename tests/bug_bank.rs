//! What went wrong in other chats, each told here as it would have happened to us. A name is that of the report; its comment says what
//! happened there.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input};
use chat_proto::message::{Rejection, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Problem;
use common::{Reply, Rig};
use simulator::{Cut, Effect, FaultRule, On, Settings, Side};

/// phoenixframework/phoenix #4944: a client whose heartbeat ran out closed with 1000, took that for a wish to end, never came
/// back, and dropped what it held. stream-chat-js and Genesys' mobile SDK stop at any clean close, too.
#[test]
fn phx_4944_close_1000() {
    let mut rig = Rig::new(1).online();
    let close = Effect::Close { code: 1000, reason: String::new(), cut: Cut::BeforeAccept };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), close));
    for text in ["one", "two", "three"] {
        rig.send(text);
    }
    rig.run_for(20_000);
    assert_eq!(rig.accepted(), ["one", "two", "three"]);
    // And where it is our own heartbeat that runs out.
    let black_hole = Effect::BlackHole { side: Side::Both, ms: None };
    rig.backend.inject(FaultRule::once(On::Request("*".into()), black_hole));
    rig.run_until("given up", |rig| rig.problems.contains(&Problem::Unresponsive));
    rig.send("four");
    rig.run_for(20_000);
    assert_eq!((rig.status, rig.accepted().len()), (ConnectionStatus::Online, 4));
}

/// phoenixframework/phoenix pull request 5155: an upgrade that is refused with 401 looks to a browser like a dead network (1006), so it was
/// tried again for ever.
#[test]
fn phx_5155_refused_upgrade() {
    let mut rig = Rig::new(1).online();
    let refused = Effect::Status { status: 401, retry_after: None, html: false };
    rig.backend.inject(FaultRule::once(On::Upgrade, refused).always());
    rig.endpoint.next.extend([401, 401].map(|status| Reply::Status(status, None)));
    rig.cut();
    rig.run_for(3_600_000);
    assert_eq!(rig.status, ConnectionStatus::Refused, "the token endpoint knew why");
    assert!(rig.sockets <= 4, "{} sockets", rig.sockets);
}

/// Rocket.Chat #36023: in 0.019 % of chats a message never arrived on a connection that went on to live.
#[test]
fn rc_36023_one_way_loss() {
    let mut rig = Rig::new(1).online();
    rig.backend.inject(FaultRule::once(On::Push("Outbound".into()), Effect::Lose));
    rig.agent_says("lost on its way");
    rig.run_for(120_000);
    assert_eq!((rig.screen(), rig.sockets), (vec![("lost on its way".to_owned(), "agent")], 1));
    // The same for good: nothing arrives, and everything seems to leave.
    let deaf = Effect::BlackHole { side: Side::ToClient, ms: None };
    rig.backend.inject(FaultRule::once(On::Push("Outbound".into()), deaf));
    rig.agent_says("into the hole");
    rig.run_for(25_000);
    assert_eq!(rig.screen().last(), Some(&("into the hole".to_owned(), "agent")));
}

/// amazon-connect-chatjs #254: after two minutes with the phone locked, what was sent arrived, but nothing came back.
#[test]
fn acc_254_locked_phone() {
    let mut rig = Rig::new(1).online();
    rig.send("one");
    rig.run_for(2_000);
    rig.hand_in(Input::Hidden);
    let deaf = Effect::BlackHole { side: Side::ToClient, ms: None };
    rig.backend.inject(FaultRule::once(On::Push("Outbound".into()), deaf));
    rig.agent_says("are you there?");
    rig.sleep(120_000);
    rig.hand_in(Input::Visible);
    rig.send("two");
    rig.run_for(10_000);
    assert_eq!(rig.accepted(), ["one", "two"]);
    assert!(rig.screen().contains(&("are you there?".to_owned(), "agent")), "{:?}", rig.screen());
}

/// BotFramework-WebChat #465: a message whose answer was lost could be sent again by a click, and then stood there twice.
#[test]
fn webchat_465_retry_duplicate() {
    for impatience in (0..20_000).step_by(250) {
        let mut rig = Rig::new(impatience).online();
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::AfterAccept }));
        rig.send("one");
        rig.run_for(impatience);
        let one = rig.local_id_of("one");
        rig.say(Command::Retry(one));
        rig.run_for(30_000);
        assert_eq!(rig.accepted(), ["one"], "a click after {impatience} ms");
        assert_eq!(rig.screen(), [("one".to_owned(), "sent")], "a click after {impatience} ms");
    }
}

/// element-web #10273: a message that was sent again got a new id, so that nobody could tell that it was the same.
#[test]
fn element_10273_new_id_on_resend() {
    let mut rig = Rig::new(1).online();
    for _ in 0..3 {
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut: Cut::BeforeAccept }));
    }
    rig.send("one");
    rig.run_until("sent", |rig| rig.state_of("one") == SendState::Sent);
    let id = format!(r#""metadata":{{"id":"{}"}}"#, rig.local_id_of("one").0);
    assert!(rig.frames_with(&id) > 1 && rig.frames_with(&id) == rig.frames_with(r#""text":"one""#));
}

/// stream-chat-swift #3424 and its like: a token that the backend refuses is fetched again and again, every ten seconds for ever.
#[test]
fn stream_3424_token_loop() {
    for code in [401, 403] {
        let mut rig = Rig::new(1);
        let refused = Effect::Error { code, message: "Try to authenticate again".into() };
        rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), refused).always());
        rig.say(Command::Open);
        rig.run_for(3_600_000);
        assert_eq!(rig.status, ConnectionStatus::Refused, "{code}");
        assert!(rig.endpoint.requests() <= 3, "{} tokens in an hour", rig.endpoint.requests());
        // It ended where the visitor can see it and go on from there.
        rig.backend.clear_faults();
        rig.run_for(600_000);
        rig.say(Command::TryNow);
        rig.run_for(5_000);
        assert_eq!(rig.status, ConnectionStatus::Online, "{code}");
    }
}

/// twilio/conversations-ios #19: a server that dropped each connection at once was sent more than 10,000 of them.
#[test]
fn twilio_19_ten_thousand_sockets() {
    let mut rig = Rig::new(1);
    let close = Effect::Close { code: 1006, reason: String::new(), cut: Cut::AfterEcho };
    rig.backend.inject(FaultRule::once(On::Request("configureSession".into()), close).always());
    rig.say(Command::Open);
    rig.run_for(3_600_000);
    assert!(rig.sockets < 700, "{} sockets in an hour", rig.sockets);
    rig.backend.clear_faults();
    rig.run_for(20_000);
    assert_eq!(rig.status, ConnectionStatus::Online);
}

/// element-web #17479: what was written while offline was gone after a reload.
#[test]
fn element_17479_unsent_lost_on_reload() {
    let mut rig = Rig::new(1).online();
    rig.go_offline();
    for text in ["one", "two"] {
        rig.send(text);
        rig.reload();
    }
    assert_eq!(rig.screen(), [("one".to_owned(), "queued"), ("two".to_owned(), "queued")]);
    rig.go_online();
    rig.run_for(10_000);
    assert_eq!(rig.accepted(), ["one", "two"]);
}

/// genesys-messenger-transport-mobile-sdk #173: after a reconnection nobody knew whether a message had been delivered, and what the agent
/// said in between was missing.
#[test]
fn genesys_173_state_lost_after_reconnect() {
    for cut in [Cut::BeforeAccept, Cut::AfterAccept, Cut::AfterEcho] {
        let mut rig = Rig::new(1).online();
        rig.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut }));
        rig.send("mine");
        rig.run_until("cut", |rig| rig.problems.len() == 1);
        rig.agent_says("said in the gap");
        rig.run_for(20_000);
        assert_eq!(rig.state_of("mine"), SendState::Sent, "{cut:?}");
        assert_eq!(rig.screen().len(), 2, "{cut:?}: {:?}", rig.screen());
    }
}

/// Genesys' mobile SDK: a rate limit (4029) marks the first message that is being sent as failed, and it is never sent again. Forum thread
/// 23587 is where people ran into the limit.
#[test]
fn genesys_4029_fails_the_message() {
    let mut rig = Rig::new(1).online();
    let limit = Effect::TooManyRequests { retry_after: Some(3) };
    rig.backend.inject(FaultRule { count: Some(20), ..FaultRule::once(On::Request("text".into()), limit) });
    rig.send("one");
    rig.send("two");
    for _ in 0..120 {
        rig.run_for(1_000);
        let failed = rig.screen().into_iter().find(|(_, state)| *state == "failed");
        assert_eq!(failed, None);
    }
    assert_eq!(rig.accepted(), ["one", "two"]);
}

/// MTSDK-961: a token that was to be renewed while offline logged the visitor out.
#[test]
fn mtsdk_961_refresh_while_offline() {
    let mut rig = Rig::new(1);
    rig.endpoint.life = 300;
    let mut rig = rig.online();
    rig.go_offline();
    let asked = rig.endpoint.requests();
    rig.run_for(3_600_000);
    assert_eq!((rig.endpoint.requests(), rig.status), (asked, ConnectionStatus::Offline));
    rig.go_online();
    rig.run_for(5_000);
    assert_eq!((rig.status, rig.backend.sessions().len()), (ConnectionStatus::Online, 1));
}

/// twilio-webchat-react-app, `MessageInput.tsx`: a message that could not be sent left the field disabled for ever, for want of a catch.
#[test]
fn twilio_stuck_input() {
    let failures = [
        Effect::Error { code: 500, message: "Request failed.".into() },
        Effect::Error { code: 4013, message: "no".into() },
        Effect::Lose,
        Effect::Drop { cut: Cut::BeforeAccept },
    ];
    for effect in failures {
        let mut rig = Rig::new(1).online();
        rig.backend.inject(FaultRule::once(On::Request("text".into()), effect.clone()));
        rig.send("one");
        rig.say(Command::Draft("already writing on".into()));
        rig.run_for(30_000);
        assert_eq!((rig.status, rig.is_full), (ConnectionStatus::Online, false), "{effect:?}");
        rig.send("two");
        rig.run_for(5_000);
        assert_eq!(rig.state_of("two"), SendState::Sent, "{effect:?}");
        assert_ne!(rig.state_of("one"), SendState::Sending, "{effect:?}");
    }
}

/// Rocket.Chat.Livechat keeps what waits in a set of texts: who says "ok" three times says it once.
#[test]
fn rc_equal_texts_collapse() {
    let mut rig = Rig::new(1).online();
    rig.go_offline();
    for _ in 0..3 {
        rig.send("ok");
    }
    rig.go_online();
    rig.run_for(10_000);
    assert_eq!(rig.accepted(), ["ok", "ok", "ok"]);
}

/// nats.js empties its buffer of what is to be sent when it reconnects, so that what was written meanwhile is gone.
#[test]
fn nats_buffer_lost_at_reconnect() {
    let mut rig = Rig::new(1).online();
    let refused = Effect::Status { status: 503, retry_after: None, html: false };
    rig.backend.inject(FaultRule { count: Some(5), ..FaultRule::once(On::Upgrade, refused) });
    rig.cut();
    let texts: Vec<_> = (0..20).map(|n| format!("written meanwhile {n}")).collect();
    for text in &texts {
        rig.run_for(500);
        rig.send(text);
    }
    rig.run_for(60_000);
    assert_eq!(rig.accepted(), texts);
}

/// nats.ws #258 and dotnet/aspnetcore #31079: in a page that is not seen timers run once a minute, and the connection was given up, or
/// believed in, for that.
#[test]
fn aspnetcore_31079_throttled_timers() {
    let mut rig = Rig::new(1).online();
    rig.hand_in(Input::Hidden);
    rig.timer_lag = 60_000;
    rig.send("written on the way out");
    for n in 0..30 {
        rig.agent_says(&format!("{n}"));
        rig.run_for(60_000);
    }
    rig.timer_lag = 0;
    rig.hand_in(Input::Visible);
    rig.run_for(5_000);
    assert_eq!((rig.status, rig.sockets), (ConnectionStatus::Online, 1));
    assert_eq!((rig.screen().len(), rig.accepted().len()), (31, 1));
}

/// ovotech/genesys-web-messaging-tester #42: what is said in one breath arrives in another order.
#[test]
fn genesys_42_order_of_arrival() {
    let mut rig = Rig::new(1).online();
    for n in 0..10 {
        rig.backend.inject(FaultRule::once(On::Push("Outbound".into()), Effect::Reorder { ms: 400 }));
        rig.agent_says(&format!("{n}"));
        rig.run_for(70);
    }
    rig.run_for(5_000);
    let shown: Vec<_> = rig.screen().into_iter().map(|(text, _)| text).collect();
    assert_eq!(shown, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// ovotech/genesys-web-messaging-tester #165: into a conversation that had become read-only one could go on writing, and met a bare 409.
#[test]
fn genesys_165_read_only_409() {
    let mut rig = Rig::with(1, Settings::quiet(), true).online();
    let over = Effect::Error { code: 409, message: "Session is read-only, no new messages allowed".into() };
    rig.backend.inject(FaultRule::once(On::Request("text".into()), over));
    rig.send("one");
    rig.send("two");
    rig.run_for(5_000);
    assert_eq!(rig.status, ConnectionStatus::ReadOnly);
    for text in ["one", "two"] {
        assert_eq!(rig.state_of(text), SendState::Failed(Rejection::Ended), "{text} is kept, and said not to be sent");
    }
    assert_eq!(rig.saved.tab.outbox.len(), 2);
}
