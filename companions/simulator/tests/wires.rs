//! What holds on every wire of the field alike: the scripted agent, the levers, and the faults.

mod desk;

use desk::{A, B, Desk, heard, json_of, text_of};
use serde_json::{Value, json};
use simulator::{Action, Connection, Cut, Delivery, Effect, FaultRule, Kind, On, Request, Settings, Side, Wire};

const WIRES: [Wire; 5] = [
    Wire::ExternalContacts,
    Wire::GuestSessions,
    Wire::GuestWebchat,
    Wire::WebmessagingGuests,
    Wire::ConversationSocket,
];
const CONTACTS: &str = "/api/v2/conversations/messaging/external/contacts";

/// A conversation on any wire, whatever its words.
struct Talk {
    wire: Wire,
    desk: Desk,
    id: String,
    token: String,
    guest: Value,
}

impl Talk {
    fn outside(wire: Wire, mut desk: Desk) -> Self {
        let (path, body, name) = match wire {
            Wire::WebMessaging => unreachable!("it has tests of its own"),
            Wire::ExternalContacts => (CONTACTS, json!({}), "contactId"),
            Wire::GuestSessions => ("/api/v2/guest/sessions/token", json!({}), "sessionId"),
            Wire::GuestWebchat => {
                let guest = json!({"name":"Guest User","email":"guest@example.com"});
                ("/api/v2/guest/conversations/webchat/token", guest, "conversationId")
            }
            Wire::WebmessagingGuests => ("/api/v2/conversations/webmessaging/guests", json!({}), "conversationId"),
            Wire::ConversationSocket => ("/api/v2/conversations/messaging/channels/token", json!({}), "conversationId"),
        };
        let minted = desk.mint(path, &body);
        let [id, token] = [name, "token"].map(|name| text_of(&minted, name).to_owned());
        Self { wire, desk, id, token, guest: minted["guestId"].clone() }
    }

    fn begin(wire: Wire, desk: Desk) -> Self {
        let mut talk = Self::outside(wire, desk);
        talk.enter(A);
        talk
    }

    fn target(&self) -> String {
        match self.wire {
            Wire::WebMessaging => unreachable!("it has tests of its own"),
            Wire::ExternalContacts => format!("{CONTACTS}?token={}", self.token),
            Wire::GuestSessions => format!("/api/v2/guest/sessions?token={}", self.token),
            Wire::GuestWebchat => format!("/api/v2/guest/conversations/webchat?token={}", self.token),
            Wire::WebmessagingGuests => "/api/v2/conversations/webmessaging/websocket".into(),
            Wire::ConversationSocket => "/api/v2/conversations/websocket".into(),
        }
    }

    fn enter(&mut self, connection: Connection) {
        let target = self.target();
        self.desk.enter(connection, &target);
        let (id, token, guest) = (&self.id, &self.token, &self.guest);
        let hellos = match self.wire {
            Wire::WebMessaging | Wire::ExternalContacts | Wire::GuestSessions | Wire::GuestWebchat => vec![],
            Wire::WebmessagingGuests => {
                vec![json!({"type":"CONNECT","conversationId":id,"guestId":guest,"token":token})]
            }
            Wire::ConversationSocket => {
                vec![json!({"action":"auth","token":token}), json!({"action":"join","conversationId":id})]
            }
        };
        for hello in hellos {
            assert_eq!(self.desk.say(connection, &hello).len(), 1);
        }
    }

    /// What is heard of it, where it is not a POST; and what that is answered with.
    fn write(&mut self, text: &str) -> (Vec<Value>, Option<simulator::Response>) {
        let frame = match self.wire {
            Wire::WebMessaging => unreachable!("it has tests of its own"),
            Wire::ExternalContacts => {
                let body = json!({"to":self.id,"text":text}).to_string();
                let path = format!("{CONTACTS}/{}/messages", self.id);
                let answer = self.desk.request(&Request::post(&path, &body).bearer(&self.token));
                return (self.desk.pass(0), Some(answer));
            }
            Wire::GuestSessions => json!({"type":"message","content":text}),
            Wire::GuestWebchat => json!({"type":"message","id":"c-1","text":text}),
            Wire::WebmessagingGuests => {
                json!({"type":"SEND_MESSAGE","requestId":"c-1","conversationId":self.id,"text":text})
            }
            Wire::ConversationSocket => json!({"action":"message","id":"c-1","text":text}),
        };
        (self.desk.say(A, &frame), None)
    }

    fn on_text(&mut self, effect: Effect) {
        self.desk.backend.inject(FaultRule::once(On::Request("text".into()), effect));
    }

    /// Whether the visitor is told that a text was taken.
    fn echoes(&self) -> bool {
        !matches!(self.wire, Wire::GuestSessions)
    }
}

/// How many frames, and which end came behind them.
fn gist(heard: &[Value]) -> (usize, Option<&str>) {
    let ends: Vec<_> = heard.iter().filter_map(|it| it[1].as_str()).collect();
    (heard.len() - ends.len(), ends.first().copied())
}

#[test]
fn the_agent_greets_answers_and_leaves_on_goodbye() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::new(Settings::default()));
        talk.desk.run(5000);
        talk.write("Where is my order?");
        talk.desk.run(5000);
        talk.write("bye");
        talk.desk.run(5000);
        let rows = talk.desk.backend.transcript(&talk.id);
        let said: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(said.len(), 6, "{wire:?}: {said:?}");
        assert_eq!((said[0], said[1]), ("Hi, I am Ana. How can I help you today?", "Where is my order?"));
        assert!(said[2].contains("order number"), "{said:?}");
        assert_eq!((said[3], rows[5].kind), ("bye", Kind::Disconnect));
        let session = talk.desk.backend.sessions().remove(0);
        assert_eq!((session.token, session.wire, session.read_only), (talk.id.clone(), wire, true));
        talk.write("wait");
        assert_eq!(talk.desk.backend.transcript(&talk.id).len(), 6);
    }
}

#[test]
fn the_agent_greets_once_however_many_sockets_there_are() {
    let mut talk = Talk::begin(Wire::GuestWebchat, Desk::new(Settings::default()));
    talk.enter(B);
    talk.desk.run(10_000);
    assert_eq!(talk.desk.backend.transcript(&talk.id).len(), 1);
}

#[test]
fn the_line_is_told_where_the_wire_has_words_for_it() {
    for wire in WIRES {
        let mut talk = Talk::outside(wire, Desk::new(Settings::default()));
        let target = talk.target();
        let mut heard = talk.desk.enter(A, &target);
        heard.extend(talk.desk.run(4000));
        let places = heard.iter().filter(|it| it[1]["type"] == "queue").map(|it| it[1]["position"].as_u64());
        let told = matches!(wire, Wire::GuestSessions | Wire::GuestWebchat);
        assert_eq!(places.collect::<Vec<_>>(), if told { vec![Some(1), Some(0)] } else { vec![] }, "{wire:?}");
    }
}

#[test]
fn what_is_there_is_reported_under_the_conversations_id() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        talk.write("Hello");
        let connection = talk.desk.backend.connections().remove(0);
        assert_eq!((connection.wire, connection.token.as_deref()), (wire, Some(talk.id.as_str())));
        assert_eq!(talk.desk.backend.token_of(A), Some(talk.id.as_str()));
        let session = talk.desk.backend.sessions().remove(0);
        assert_eq!((session.live, session.connections), (true, vec![A]));
        let since: Vec<_> = talk.desk.backend.accepted_since(&talk.id, 0).map(|row| row.text).collect();
        assert_eq!(since, ["Hello"]);
    }
}

#[test]
fn the_lever_expires_every_token_and_each_wire_says_so_in_its_way() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        let told = heard(&talk.desk.backend.expire(talk.desk.now, &talk.id, true));
        let wanted = match wire {
            Wire::GuestSessions | Wire::GuestWebchat => vec![json!([1, "closed 1000"])],
            Wire::ConversationSocket => vec![json!([1, {"action":"auth","status":"expired"}])],
            Wire::WebMessaging | Wire::ExternalContacts | Wire::WebmessagingGuests => vec![],
        };
        assert_eq!(told, wanted, "{wire:?}");
        talk.write("too late");
        assert_eq!(talk.desk.texts(&talk.id), [""; 0], "{wire:?}");
    }
}

#[test]
fn a_cleared_conversation_is_closed_without_a_word_and_unknown_from_then_on() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        assert_eq!(heard(&talk.desk.backend.clear(talk.desk.now, &talk.id)), [json!([1, "closed 1000"])]);
        talk.write("Hello?");
        assert_eq!(talk.desk.texts(&talk.id), [""; 0], "{wire:?}");
    }
}

#[test]
fn an_end_is_an_end_even_where_the_published_wire_would_go_on() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        talk.desk.backend.disconnect_conversation(talk.desk.now, &talk.id, false);
        talk.write("wait");
        assert_eq!(talk.desk.texts(&talk.id), [""; 0], "{wire:?}");
    }
}

#[test]
fn a_bot_is_told_from_a_person() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        let told = heard(&talk.desk.backend.bot_says(talk.desk.now, &talk.id, "Beep"));
        let frame = &told[0][1];
        let author = match wire {
            Wire::ExternalContacts => &frame["from"],
            Wire::GuestSessions | Wire::GuestWebchat => &frame["sender"],
            Wire::WebmessagingGuests => &frame["messages"][0],
            Wire::WebMessaging | Wire::ConversationSocket => frame,
        };
        assert_eq!((&author["role"], &author["name"]), (&json!("bot"), &json!("Shop assistant")), "{wire:?}");
    }
}

#[test]
fn a_greeting_is_due_at_once() {
    let mut talk = Talk::outside(Wire::ExternalContacts, Desk::silent());
    talk.desk.backend.upgrade_to(talk.desk.now, A, &talk.target(), None).unwrap();
    assert_eq!(talk.desk.backend.next_due(), Some(talk.desk.now));
    assert_eq!(talk.desk.pass(0).len(), 1);
}

#[test]
fn whoever_is_closed_has_heard_the_greeting_before() {
    let mut talk = Talk::outside(Wire::ExternalContacts, Desk::silent());
    talk.desk.backend.upgrade_to(talk.desk.now, A, &talk.target(), None).unwrap();
    let told = heard(&talk.desk.backend.clear(talk.desk.now, &talk.id));
    assert_eq!((&told[0][1]["type"], &told[1]), (&json!("greeting"), &json!([1, "closed 1000"])));
    assert_eq!(talk.desk.backend.next_due(), None);
}

#[test]
fn no_wire_has_a_socket_where_there_is_none() {
    let mut desk = Desk::silent();
    assert_eq!(desk.refused(A, "/api/v2/conversations/webmessaging"), 404);
    assert_eq!(desk.refused(A, "/v2?deploymentId=x"), 404);
}

#[test]
fn the_published_wire_is_told_by_its_path_too() {
    let mut desk = Desk::silent();
    desk.enter(A, &format!("/v1?deploymentId={}", simulator::DEMO_DEPLOYMENT));
    assert_eq!(desk.refused(B, "/v1?deploymentId=someone-elses"), 403);
    assert_eq!(desk.backend.connections()[0].wire, Wire::WebMessaging);
}

#[test]
fn a_foreign_page_is_refused_on_every_wire() {
    for wire in WIRES {
        let settings = Settings { agent: false, allow_all_domains: false, ..Settings::default() };
        let mut talk = Talk::outside(wire, Desk::new(settings));
        let target = talk.target();
        assert_eq!(talk.desk.refused(A, &target), 403, "{wire:?}");
    }
}

#[test]
fn too_many_upgrades_in_a_minute_are_refused_on_every_wire() {
    for wire in WIRES {
        let mut desk = Desk::silent();
        let mut settings = desk.backend.settings().clone();
        settings.limits.connections_per_minute = 1;
        desk.backend.set_settings(settings);
        let mut talk = Talk::begin(wire, desk);
        let target = talk.target();
        assert_eq!(talk.desk.refused(B, &target), 429, "{wire:?}");
    }
}

#[test]
fn an_upgrade_is_refused_closed_or_made_a_black_hole_by_fault() {
    for wire in WIRES {
        let mut talk = Talk::outside(wire, Desk::silent());
        let target = talk.target();
        let status = Effect::Status { status: 503, retry_after: None, html: false };
        talk.desk.backend.inject(FaultRule::once(On::Upgrade, status));
        assert_eq!(talk.desk.refused(A, &target), 503, "{wire:?}");
        let close = Effect::Close { code: 1013, reason: "later".into(), cut: Cut::default() };
        talk.desk.backend.inject(FaultRule::once(On::Upgrade, close));
        assert_eq!(talk.desk.enter(A, &target), [json!([1, "closed 1013 later"])], "{wire:?}");
        talk.desk.backend.inject(FaultRule::once(On::Upgrade, Effect::BlackHole { side: Side::Both, ms: None }));
        assert_eq!(talk.desk.enter(B, &target), Vec::<Value>::new(), "{wire:?}");
        assert_eq!(talk.desk.agent_says(&talk.id, "Hi"), Vec::<Value>::new(), "{wire:?}");
    }
}

#[test]
fn a_text_is_cut_before_accept_after_accept_and_after_echo() {
    for wire in WIRES {
        for (cut, is_accepted, is_answered) in
            [(Cut::BeforeAccept, false, false), (Cut::AfterAccept, true, false), (Cut::AfterEcho, true, true)]
        {
            for (effect, end) in [
                (Effect::Close { code: 1011, reason: String::new(), cut }, "closed 1011"),
                (Effect::Drop { cut }, "dropped"),
            ] {
                let mut talk = Talk::begin(wire, Desk::silent());
                talk.on_text(effect);
                let (heard, answer) = talk.write("cut");
                let answered = answer.map_or(gist(&heard).0 == 1, |answer| answer.delivery == Delivery::Now);
                assert_eq!(answered, is_answered && talk.echoes(), "{wire:?} {cut:?}");
                assert_eq!(gist(&heard).1, Some(end), "{wire:?} {cut:?}");
                assert_eq!(!talk.desk.texts(&talk.id).is_empty(), is_accepted, "{wire:?} {cut:?}");
            }
        }
    }
}

#[test]
fn a_text_is_lost_or_one_way_is() {
    for wire in WIRES {
        for (effect, is_accepted) in [
            (Effect::Lose, false),
            (Effect::BlackHole { side: Side::FromClient, ms: None }, false),
            (Effect::BlackHole { side: Side::Both, ms: None }, false),
            (Effect::BlackHole { side: Side::ToClient, ms: None }, true),
        ] {
            let is_mute = matches!(effect, Effect::BlackHole { side: Side::ToClient | Side::Both, .. });
            let mut talk = Talk::begin(wire, Desk::silent());
            talk.on_text(effect.clone());
            let (told, answer) = talk.write("into the dark");
            assert_eq!(told, Vec::<Value>::new(), "{wire:?} {effect:?}");
            assert!(answer.is_none_or(|answer| answer.delivery == Delivery::Never), "{wire:?} {effect:?}");
            assert_eq!(!talk.desk.texts(&talk.id).is_empty(), is_accepted, "{wire:?} {effect:?}");
            assert_eq!(talk.desk.agent_says(&talk.id, "Hi").is_empty(), is_mute, "{wire:?} {effect:?}");
        }
    }
}

#[test]
fn a_late_text_is_late() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        talk.on_text(Effect::Delay { ms: 2000, jitter: 0 });
        let (heard, answer) = talk.write("slow");
        assert_eq!(heard, Vec::<Value>::new());
        if let Some(answer) = answer {
            assert_eq!((answer.status, answer.delivery), (200, Delivery::After(2000)));
        } else {
            assert_eq!(talk.desk.texts(&talk.id), [""; 0]);
            assert_eq!(talk.desk.run(2000).len(), usize::from(talk.echoes()), "{wire:?}");
        }
        assert_eq!(talk.desk.texts(&talk.id), ["slow"]);
    }
}

#[test]
fn a_text_is_refused_by_fault_as_the_wire_refuses() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        talk.on_text(Effect::TooManyRequests { retry_after: Some(7) });
        let (told, answer) = talk.write("too fast");
        let wanted = match wire {
            Wire::WebMessaging | Wire::ExternalContacts => vec![],
            Wire::GuestSessions => vec![json!([1, "closed 1000"])],
            Wire::GuestWebchat => vec![json!([1, {"type":"error","id":"c-1","status":429,"retryAfter":7}])],
            Wire::WebmessagingGuests => {
                vec![json!([1, {"type":"ERROR","requestId":"c-1","status":429,"retryAfter":7}])]
            }
            Wire::ConversationSocket => vec![json!([1, {"action":"error","id":"c-1","status":429,"retryAfter":7}])],
        };
        assert_eq!(told, wanted, "{wire:?}");
        if let Some(answer) = answer {
            assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "7"));
        }
        assert_eq!(talk.desk.texts(&talk.id), [""; 0]);
    }
}

#[test]
fn a_token_ends_by_fault_with_the_text_that_meets_it() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        talk.on_text(Effect::Expire { announce: false });
        let (told, answer) = talk.write("too late");
        let wanted = match wire {
            Wire::WebMessaging | Wire::ExternalContacts | Wire::GuestSessions | Wire::GuestWebchat => {
                vec![json!([1, "closed 1000"])]
            }
            Wire::WebmessagingGuests => vec![json!([1, {"type":"ERROR","requestId":"c-1","status":403}])],
            Wire::ConversationSocket => vec![
                json!([1, {"action":"auth","status":"expired"}]),
                json!([1, {"action":"error","id":"c-1","status":401}]),
            ],
        };
        assert_eq!(told, wanted, "{wire:?}");
        assert!(answer.is_none_or(|answer| answer.status == 401));
        assert_eq!(talk.desk.texts(&talk.id), [""; 0]);
    }
}

#[test]
fn frames_to_a_guest_are_lost_doubled_and_overtaken() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        let outbound = || On::Push("Outbound".into());
        talk.desk.backend.inject(FaultRule::once(outbound(), Effect::Lose));
        assert_eq!(talk.desk.agent_says(&talk.id, "lost"), Vec::<Value>::new(), "{wire:?}");
        talk.desk.backend.inject(FaultRule::once(outbound(), Effect::Duplicate));
        let twice = talk.desk.agent_says(&talk.id, "twice");
        assert_eq!((twice.len(), &twice[0]), (2, &twice[1]), "{wire:?}");
        talk.desk.backend.inject(FaultRule::once(outbound(), Effect::Reorder { ms: 1000 }));
        assert_eq!(talk.desk.agent_says(&talk.id, "second"), Vec::<Value>::new(), "{wire:?}");
        assert_eq!(talk.desk.agent_says(&talk.id, "first").len(), 2, "{wire:?}");
    }
}

#[test]
fn a_rule_for_one_conversation_leaves_the_others() {
    for wire in WIRES {
        let mut talk = Talk::begin(wire, Desk::silent());
        let rule = FaultRule::once(On::Request("text".into()), Effect::Lose);
        talk.desk.backend.inject(FaultRule { token: Some("another".into()), ..rule.clone() });
        talk.write("mine");
        talk.desk.backend.inject(FaultRule { token: Some(talk.id.clone()), ..rule });
        talk.write("lost");
        assert_eq!(talk.desk.texts(&talk.id), ["mine"], "{wire:?}");
    }
}

#[test]
fn a_fault_on_a_path_strikes_the_mint_and_the_post() {
    let mut talk = Talk::begin(Wire::ExternalContacts, Desk::silent());
    let status = Effect::Status { status: 502, retry_after: None, html: false };
    talk.desk.backend.inject(FaultRule::once(On::Http("/messages".into()), status.clone()));
    assert_eq!(talk.write("Hello").1.map(|answer| answer.status), Some(502));
    talk.desk.backend.inject(FaultRule::once(On::Http("external/contacts".into()), status));
    assert_eq!(talk.desk.ask_mint(CONTACTS, &json!({})).status, 502);
    talk.desk.backend.inject(FaultRule::once(On::Http("oauth".into()), Effect::Hang));
    let ask = Request::post("/oauth/token", "grant_type=client_credentials").basic("demo-client", "demo-secret");
    let answer = talk.desk.request(&ask);
    assert_eq!((answer.delivery, json_of(&answer)["token_type"].clone()), (Delivery::Never, json!("bearer")));
}

#[test]
fn a_published_session_cannot_be_had_under_a_conversations_id() {
    let mut talk = Talk::begin(Wire::GuestSessions, Desk::silent());
    talk.desk.enter(B, &format!("/v1?deploymentId={}", simulator::DEMO_DEPLOYMENT));
    let hello = json!({"action":"configureSession","token":talk.id,"deploymentId":simulator::DEMO_DEPLOYMENT});
    assert_eq!(talk.desk.say(B, &hello)[0][1]["code"], 400);
    assert_eq!(talk.desk.agent_says(&talk.id, "to the guest alone").len(), 1);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for wire in WIRES {
        let run = || -> Vec<Action> {
            let mut talk = Talk::begin(wire, Desk::new(Settings::default()));
            let mut actions = talk.desk.backend.advance(talk.desk.now + 5000);
            talk.desk.now += 5000;
            talk.write("hello");
            actions.extend(talk.desk.backend.advance(talk.desk.now + 5000));
            actions
        };
        assert_eq!(run(), run(), "{wire:?}");
        assert!(run().len() > 2, "{wire:?}");
    }
}
