//! What one tab makes of what stands in storage, and of what another tab says, word by word. `tests/tabs.rs` has the whole browser.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use chat_proto::config::{Config, Settings};
use chat_proto::io::{
    Command, Connectivity, Event, Input, LockEvent, Output, RequestId, Response, SocketEvent, TimelineDiff,
};
use chat_proto::json::Value;
use chat_proto::message::{Content, Item};
use chat_proto::phase::ConnectionStatus;
use chat_proto::tab::{Area, Store, Tab};
use chat_proto::time::{Instant, Now, Timestamp};

const WALL: u64 = 1_791_190_800_000;

#[derive(Default)]
struct Memory {
    entries: BTreeMap<(bool, String), Value>,
    /// Nothing more can be put there.
    is_full: bool,
    /// Every key that was put there, in order.
    puts: Vec<String>,
}

fn place(area: Area, key: &str) -> (bool, String) {
    (area == Area::Browser, key.into())
}

impl Store for Memory {
    fn get(&self, area: Area, key: &str) -> Option<Value> {
        self.entries.get(&place(area, key)).cloned()
    }
    fn put(&mut self, area: Area, key: &str, value: &Value) -> bool {
        if !self.is_full {
            self.entries.insert(place(area, key), value.clone());
            self.puts.push(key.into());
        }
        !self.is_full
    }
    fn remove(&mut self, area: Area, key: &str) -> bool {
        self.entries.remove(&place(area, key));
        true
    }
    fn keys(&self, prefix: &str) -> Vec<String> {
        let shared = self.entries.keys().filter(|(is_shared, key)| *is_shared && key.starts_with(prefix));
        shared.map(|(_, key)| key.clone()).collect()
    }
}

struct Page {
    tab: Tab,
    store: Memory,
    /// Milliseconds on the monotonic clock.
    now: u64,
}

impl Page {
    fn new() -> Self {
        Self::on(Settings::default())
    }

    /// A page with more settings than it needs.
    fn on(settings: Settings) -> Self {
        let config = Config::new(&Settings {
            deployment_id: Some("d".into()),
            region: Some("mypurecloud.ie".into()),
            page_origin: "https://shop.example".into(),
            ..settings
        });
        Self { tab: Tab::new(config.expect("fit for use"), 1), store: Memory::default(), now: 1_000 }
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let now = Now { mono: Instant(self.now), wall: Timestamp(WALL + self.now) };
        self.tab.handle_input(now, input, &mut self.store)
    }

    /// What becomes of it: what is shown, and what is said to other tabs.
    fn hand_in(&mut self, input: Input) -> (Vec<Event>, Vec<Value>) {
        let (mut events, mut posts) = (Vec::new(), Vec::new());
        for output in self.handle(input) {
            match output {
                Output::Event(event) => events.push(event),
                Output::Post(post) => posts.push(post),
                _ => {}
            }
        }
        (events, posts)
    }

    fn hear(&mut self, post: &str) -> (Vec<Event>, Vec<Value>) {
        self.hand_in(Input::Heard(json(post)))
    }

    /// What is said on the socket because of this post.
    fn frames_for(&mut self, post: &str) -> usize {
        let outputs = self.handle(Input::Heard(json(post)));
        outputs.iter().filter(|output| matches!(output, Output::SendFrame(..))).count()
    }

    fn deadline(&self) -> Option<u64> {
        self.tab.deadline().map(|at| at.0)
    }

    /// A tab that leads the first reign of its browser. It has asked for what a socket needs, and nothing has been answered.
    fn leading() -> Self {
        let mut page = Self::new();
        page.hand_in(Input::Command(Command::Open));
        page.hand_in(Input::Lock(LockEvent::Granted));
        assert!(page.tab.is_leader());
        page
    }

    /// The same, and everything is answered until messages flow.
    fn online() -> Self {
        let mut page = Self::new();
        page.hand_in(Input::Command(Command::Open));
        page.connect();
        page
    }

    /// Gets the lock, and an answer to everything that is asked for, until messages flow.
    fn connect(&mut self) {
        let mut outputs = self.handle(Input::Lock(LockEvent::Granted));
        while let Some(output) = (!outputs.is_empty()).then(|| outputs.remove(0)) {
            let input = match output {
                Output::MintToken(id) => Input::Minted(id, "token".into()),
                Output::Request(id, _) => {
                    let body = json(r#"{"status":"Active"}"#);
                    Input::Response(id, Ok(Response { status: 200, retry_after: None, body: Some(body) }))
                }
                Output::OpenSocket(id, _) => Input::Socket(id, SocketEvent::Opened),
                Output::SendFrame(id, _) => {
                    let hello = r#"{"class":"SessionResponse","code":200,"body":{"connected":true,"newSession":true}}"#;
                    Input::Socket(id, SocketEvent::Frame(json(hello)))
                }
                Output::Event(Event::Status(ConnectionStatus::Online, _)) => return,
                _ => continue,
            };
            outputs.append(&mut self.handle(input));
        }
        panic!("never online");
    }

    /// A tab that follows a leader from whose first post on everything is known; and the name that it gave itself.
    fn following() -> (Self, String) {
        let mut page = Self::new();
        let (_, posts) = page.hand_in(Input::Command(Command::Open));
        page.hear(r#"{"word":"sync","from":"leader","reign":1,"told":0,"events":[]}"#);
        let name = posts[0].at("from").as_str().expect("a name").to_owned();
        (page, name)
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The words of these posts.
fn words(posts: &[Value]) -> Vec<&str> {
    posts.iter().filter_map(|post| post.at("word").as_str()).collect()
}

/// The lines that come onto the screen, with their places.
fn inserted(events: &[Event]) -> Vec<(usize, &Item)> {
    let mut lines = Vec::new();
    for event in events {
        if let Event::Timeline(TimelineDiff::Insert { index, item }) = event {
            lines.push((*index, item));
        }
    }
    lines
}

fn text(item: &Item) -> &str {
    match &item.content {
        Content::Inbound(message) => &message.text,
        Content::Outbound(message) => &message.text,
        Content::Notice(_) => "",
    }
}

#[test]
fn each_thing_that_may_be_left_over_brings_a_tab_back_by_itself() {
    for (area, key) in [
        (Area::Browser, "guest-chat:d"),
        (Area::Browser, "guest-chat:d:tab"),
        (Area::Tab, "guest-chat:d:tab"),
        (Area::Browser, "guest-chat:d:handed:l1"),
    ] {
        let mut page = Page::new();
        assert_eq!(page.tab.start(&mut page.store), [], "and without any it does nothing");
        page.store.put(area, key, &json(r#"{"v":1}"#));
        let outputs = page.tab.start(&mut page.store);
        assert!(outputs.contains(&Output::QueueLock), "{area:?} {key}");
    }
}

#[test]
fn a_line_that_the_leader_tells_keeps_who_said_it_and_whether_there_is_more() {
    for bits in 0..4_u8 {
        let (mut page, _) = Page::following();
        let (events, _) = page.hear(&format!(
            r#"{{"word":"tell","from":"leader","reign":1,"told":1,"events":[["insert",0,["outbound",1,5,"m1","hi","Ada",{bits}]]]}}"#
        ));
        let [Event::Timeline(TimelineDiff::Insert { item: Item { content: Content::Outbound(line), .. }, .. })] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((line.author.is_bot, line.has_more), (bits & 1 == 1, bits & 2 == 2), "{bits}");
    }
}

#[test]
fn a_draft_that_comes_back_to_whoever_wrote_it_is_not_shown_again() {
    let (mut page, name) = Page::following();
    let tell = |told: u8, by: &str| {
        format!(r#"{{"word":"tell","from":"leader","reign":1,"told":{told},"by":"{by}","events":[["draft","hal"]]}}"#)
    };
    page.hand_in(Input::Command(Command::Draft("half".into())));
    assert_eq!(page.hear(&tell(1, &name)).0, []);
    assert_eq!(page.hear(&tell(2, "another")).0, [Event::Draft("hal".into())]);
}

#[test]
fn a_draft_that_no_leader_has_heard_wins_over_what_a_new_one_tells() {
    let mut page = Page::new();
    page.hand_in(Input::Command(Command::Draft("mine".into())));
    page.hand_in(Input::Command(Command::Open));
    let sync = r#"{"word":"sync","from":"leader","reign":1,"told":0,"events":[["draft","theirs"],["panel",false]]}"#;
    let (events, posts) = page.hear(sync);
    assert!(!events.contains(&Event::Draft("theirs".into())), "{events:?}");
    let said = posts.iter().map(|post| post.at("command")).filter(|command| **command == json(r#"["draft","mine"]"#));
    assert!(said.count() > 0, "the leader is told");
}

#[test]
fn questions_of_one_reign_never_bear_the_number_of_another_s() {
    let mut page = Page::new();
    page.store.put(Area::Browser, "guest-chat:d:reign", &(6_u64 << 16).into());
    page.hand_in(Input::Command(Command::Open));
    let outputs = page.handle(Input::Lock(LockEvent::Granted));
    let asked: Vec<u32> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Request(RequestId(id), _) | Output::MintToken(RequestId(id)) => Some(*id),
            _ => None,
        })
        .collect();
    assert!(!asked.is_empty() && asked.iter().all(|id| id >> 16 == 7), "the seventh reign: {asked:?}");
    let (events, _) = page.hand_in(Input::Command(Command::Send("one".into())));
    assert_eq!(inserted(&events)[0].1.key.0 >> 24, 7, "nor do its lines");
}

/// What stands there is the mark of an older reign, and can be read.
#[test]
fn a_leader_that_cannot_write_its_mark_goes_on_leading() {
    let mut page = Page::new();
    page.store.put(Area::Browser, "guest-chat:d:reign", &(6_u64 << 16).into());
    page.store.is_full = true;
    page.hand_in(Input::Command(Command::Open));
    page.hand_in(Input::Lock(LockEvent::Granted));
    page.hand_in(Input::Visible);
    page.hand_in(Input::Command(Command::Send("one".into())));
    assert!(page.tab.is_leader());
}

/// It took the lock by force, and had waited for it besides.
#[test]
fn a_leader_that_is_handed_the_lock_a_second_time_goes_on_leading() {
    let mut page = Page::leading();
    page.hand_in(Input::Lock(LockEvent::Granted));
    assert!(page.tab.is_leader());
    let (_, posts) = page.hear(r#"{"word":"ping","from":"another","reign":1,"told":0,"seen":true,"woke":false}"#);
    assert!(!posts.is_empty(), "and answers");
}

#[test]
fn only_the_tab_that_leads_can_say_what_its_session_went_through() {
    assert!(Page::leading().tab.journal().count() > 0);
    assert_eq!(Page::following().0.tab.journal().count(), 0);
}

#[test]
fn a_tab_that_wants_nothing_joins_when_somebody_leads_and_not_when_somebody_asks() {
    for (word, joins) in
        [("ping", false), ("say", false), ("hand", false), ("pong", true), ("tell", true), ("sync", true)]
    {
        let mut page = Page::new();
        let outputs = page.handle(Input::Heard(json(&format!(r#"{{"word":"{word}","from":"another","reign":1}}"#))));
        assert_eq!(outputs.contains(&Output::QueueLock), joins, "{word}");
    }
}

#[test]
fn a_follower_has_nothing_to_say_to_other_followers_nor_to_a_leader_of_the_past() {
    let (mut page, _) = Page::following();
    for word in ["ping", "say", "hand"] {
        let post = format!(r#"{{"word":"{word}","from":"another","reign":1,"command":["close"]}}"#);
        assert_eq!(page.hear(&post), (vec![], vec![]), "{word}");
    }
    let past = r#"{"word":"sync","from":"zzz","reign":0,"told":9,"events":[["unread",9]]}"#;
    assert_eq!(page.hear(past), (vec![], vec![]));
}

#[test]
fn who_leads_alone_neither_answers_nor_gives_way() {
    let mut page = Page::new();
    page.hand_in(Input::Command(Command::Open));
    page.hand_in(Input::Lock(LockEvent::Unsupported));
    for word in ["ping", "say", "hand", "pong", "tell", "sync"] {
        let post = format!(r#"{{"word":"{word}","from":"~","reign":99,"command":["close"]}}"#);
        assert_eq!(page.handle(Input::Heard(json(&post))), [], "{word}");
        assert!(page.tab.is_leader(), "{word}");
    }
}

#[test]
fn of_two_leaders_the_later_reign_stays_and_in_the_same_the_greater_name() {
    // Names are hexadecimal: `!` comes before all of them, `~` after.
    for (reign, name, gives_way) in [(2, "!", true), (1, "~", true), (1, "!", false), (0, "~", false)] {
        for word in ["pong", "tell", "sync"] {
            let mut page = Page::leading();
            page.hear(&format!(r#"{{"word":"{word}","from":"{name}","reign":{reign}}}"#));
            assert_eq!(!page.tab.is_leader(), gives_way, "{word} of {name} in {reign}");
        }
    }
    let mut page = Page::leading();
    let (_, posts) = page.hear(r#"{"word":"ping","from":"another"}"#);
    page.hand_in(Input::Heard(posts[0].clone()));
    assert!(page.tab.is_leader(), "what comes back of its own is nobody else's");
}

#[test]
fn a_leader_hands_on_what_it_kept_only_where_another_may_have_written_over_it() {
    for (reign, handed) in [(1, 1), (2, 0)] {
        let mut page = Page::leading();
        page.hand_in(Input::Command(Command::Send("mine".into())));
        let sync = format!(r#"{{"word":"sync","from":"~","reign":{reign},"told":0,"events":[]}}"#);
        page.hear(&sync);
        let (_, posts) = page.hear(&sync);
        let hands = posts.iter().filter(|post| post.at("kept").at("text").as_str() == Some("mine"));
        assert_eq!(hands.count(), handed, "by a leader of reign {reign}");
    }
}

#[test]
fn a_follower_that_is_seen_asks_every_two_seconds_and_takes_over_when_three_questions_stay_unanswered() {
    let (mut page, _) = Page::following();
    let (mut asked, mut stole) = (Vec::new(), Vec::new());
    while stole.is_empty() {
        page.now = page.deadline().expect("it asks");
        let outputs = page.handle(Input::Timeout);
        asked.extend(outputs.iter().any(|output| matches!(output, Output::Post(_))).then_some(page.now));
        stole.extend(outputs.contains(&Output::StealLock).then_some(page.now));
    }
    assert_eq!((asked, stole), (vec![3_000, 5_000, 7_000, 9_000], vec![9_000]));
    page.hand_in(Input::Hidden);
    assert_eq!(page.deadline(), None, "and none when it is not");
}

#[test]
fn a_hidden_leader_is_taken_to_be_seen_for_nine_seconds_after_a_question_of_a_tab_that_is() {
    let ping = |seen: bool| format!(r#"{{"word":"ping","from":"another","reign":1,"told":0,"seen":{seen}}}"#);
    let mut page = Page::leading();
    page.hand_in(Input::Hidden);
    page.hear(&ping(false));
    assert_eq!(page.deadline(), None, "nobody looks");
    page.hear(&ping(true));
    assert_eq!(page.deadline(), Some(10_000));
    // Who looked and looks no longer may not have been the only one.
    page.now = 5_000;
    page.hear(&ping(false));
    assert_eq!(page.deadline(), Some(8_000));
    page.now = 8_000;
    page.hear(&ping(false));
    assert_eq!(page.deadline(), None, "it is over");
}

#[test]
fn a_leader_that_is_hidden_watches_its_connection_for_as_long_as_another_tab_is_looked_at() {
    let seen = r#"{"word":"ping","from":"another","reign":1,"told":0,"seen":true}"#;
    for (asked, hidden, watches) in [
        (None, 1_500, None),
        (Some(1_000), 1_500, Some(10_000)),
        (Some(1_000), 9_999, Some(10_000)),
        (Some(1_000), 10_000, None),
    ] {
        let mut page = Page::online();
        assert_eq!(page.deadline(), Some(16_000), "fifteen seconds of silence");
        if asked.is_some() {
            page.hear(seen);
        }
        page.now = hidden;
        let outputs = page.handle(Input::Hidden);
        assert_eq!((outputs, page.deadline()), (vec![], watches), "hidden after {hidden}");
    }
}

#[test]
fn whoever_turns_to_the_chat_has_the_connection_asked_and_whoever_looks_on_does_not() {
    let ping =
        |woke: bool| format!(r#"{{"word":"ping","from":"another","reign":1,"told":0,"seen":true,"woke":{woke}}}"#);
    let mut page = Page::online();
    page.now = 6_000;
    assert_eq!(page.frames_for(&ping(false)), 0);
    assert_eq!(page.frames_for(&ping(true)), 1);
}

#[test]
fn a_question_of_another_tab_makes_a_leader_look_at_what_is_due() {
    let mut page = Page::online();
    page.now = 15_999;
    let ping = r#"{"word":"ping","from":"another","reign":1,"told":0}"#;
    assert_eq!(page.frames_for(ping), 0);
    page.now = 16_000;
    assert_eq!(page.frames_for(ping), 1, "its own timer may be held back");
}

#[test]
fn who_knows_everything_is_told_that_the_leader_is_there_and_who_does_not_everything() {
    let mut page = Page::leading();
    let (_, posts) = page.hear(r#"{"word":"ping","from":"another","reign":0,"told":0}"#);
    let told = posts[0].at("told").as_u64().expect("a number");
    assert!(told > 0);
    for (reign, told, answer) in [(1, told, "pong"), (1, told - 1, "sync"), (0, told, "sync"), (0, told - 1, "sync")] {
        let (_, posts) = page.hear(&format!(r#"{{"word":"ping","from":"another","reign":{reign},"told":{told}}}"#));
        assert_eq!(words(&posts), [answer], "{told} of reign {reign}");
    }
}

#[test]
fn what_was_handed_over_is_taken_in_the_order_of_writing() {
    let mut page = Page::leading();
    for (key, written) in [("a", 2), ("b", 1), ("c", 2)] {
        let kept = format!(r#"{{"id":"{key}","text":"{key}","written":{written}}}"#);
        page.store.put(Area::Browser, &format!("guest-chat:d:handed:{key}"), &json(&kept));
    }
    let (events, _) = page.hand_in(Input::Timeout);
    let order: Vec<&str> = inserted(&events).iter().map(|(_, item)| text(item)).collect();
    assert_eq!(order, ["b", "a", "c"]);
    assert_eq!(page.store.keys("guest-chat:d:handed:"), [""; 0]);
}

/// One that was frozen, and led when it woke, hears what was said to another leader minutes ago.
#[test]
fn what_is_handed_to_a_leader_of_another_reign_is_not_taken_and_asked_for_again() {
    let hand = |reign: u64| {
        let kept = r#""kept":{"id":"l1","text":"one","written":7}"#;
        Page::leading().hear(&format!(r#"{{"word":"hand","from":"x","reign":{reign},{kept}}}"#))
    };
    for reign in [0, 2] {
        let (events, posts) = hand(reign);
        assert_eq!((inserted(&events).len(), words(&posts)), (0, vec!["sync"]), "{reign}");
    }
    let (events, posts) = hand(1);
    assert_eq!((inserted(&events).len(), words(&posts)), (1, vec!["tell"]));
}

/// On a wire whose backend keeps nothing, the browser keeps the latest lines. On others it keeps none of them.
#[test]
fn what_was_said_is_there_after_a_reload_where_nobody_else_would_tell() {
    let said = |number: usize| {
        let sender = r#""sender":{"role":"agent","name":"Ada"}"#;
        format!(r#"{{"type":"message","id":"r{number}",{sender},"text":"line {number}"}}"#)
    };
    let chatting = |settings: &Settings, store: Memory| {
        let mut page = Page { store, ..Page::on(settings.clone()) };
        page.hand_in(Input::Command(Command::Open));
        let mut outputs = page.handle(Input::Lock(LockEvent::Granted));
        let shown = outputs.iter().find_map(|output| match output {
            Output::Event(Event::Timeline(TimelineDiff::Reset(items))) => Some(items.clone()),
            _ => None,
        });
        let mut socket = None;
        while let Some(output) = (!outputs.is_empty()).then(|| outputs.remove(0)) {
            let input = match output {
                Output::Request(id, _) => {
                    let body = json(r#"{"token":"t","expires_in":3600}"#);
                    Input::Response(id, Ok(Response { status: 200, retry_after: None, body: Some(body) }))
                }
                Output::OpenSocket(id, _) => {
                    socket = Some(id);
                    Input::Socket(id, SocketEvent::Opened)
                }
                _ => continue,
            };
            outputs.append(&mut page.handle(input));
        }
        (page, socket.expect("a socket"), shown.unwrap_or_default())
    };
    let webchat = Settings {
        dialect: Some("guest-webchat".into()),
        token_url: Some("https://shop.example/t".into()),
        ..Settings::default()
    };
    let (mut page, socket, shown) = chatting(&webchat, Memory::default());
    assert_eq!(shown, []);
    for number in 0..250 {
        page.handle(Input::Socket(socket, SocketEvent::Frame(json(&said(number)))));
    }
    let (_, _, shown) = chatting(&webchat, page.store);
    let texts: Vec<_> = shown.iter().filter(|item| !matches!(item.content, Content::Notice(_))).map(text).collect();
    assert_eq!((texts.len(), texts[0], texts[199]), (200, "line 50", "line 249"));

    let mut page = Page::online();
    page.hand_in(Input::Command(Command::Send("one".into())));
    assert!(page.store.keys("guest-chat:d:rows").is_empty());
}

#[test]
fn the_number_of_a_reign_is_written_once() {
    let mut page = Page::leading();
    page.hand_in(Input::Command(Command::Send("one".into())));
    page.hand_in(Input::Command(Command::Send("two".into())));
    assert_eq!(page.store.puts.iter().filter(|key| key.ends_with(":reign")).count(), 1);
}

#[test]
fn what_is_shown_and_stands_in_no_record_is_of_the_fate_that_its_line_tells() {
    let (mut page, _) = Page::following();
    let line = |at: u8, state: &str| format!(r#"["insert",{at},["inbound",{at},5,null,"{state}","l{at}","{state}"]]"#);
    let lines = ["too-long", "queued", "sending"].iter().zip(0..).map(|(state, at)| line(at, state));
    let lines = lines.collect::<Vec<_>>().join(",");
    page.hear(&format!(r#"{{"word":"tell","from":"leader","reign":1,"told":1,"events":[{lines}]}}"#));
    page.hand_in(Input::Lock(LockEvent::Granted));
    page.hand_in(Input::Command(Command::Send("later".into())));
    let record = page.store.get(Area::Browser, "guest-chat:d:tab").expect("a record");
    let fate = |kept: &Value| {
        (kept.at("rejected").as_str() == Some("too-long"), kept.at("after").as_u64(), kept.at("asked").as_bool())
    };
    let fates: Vec<_> = record.at("outbox").elements().iter().map(fate).collect();
    assert_eq!(fates, [(true, None, None), (false, Some(0), None), (false, Some(0), Some(true)), (false, None, None)]);
}

/// One line of the leader's, and two messages written here in one millisecond.
fn with_two_handed_over() -> (Page, Vec<Event>) {
    let (mut page, _) = Page::following();
    page.hear(r#"{"word":"tell","from":"leader","reign":1,"told":1,"events":[["insert",0,["outbound",1,5,"m1","hi",null,0]]]}"#);
    let (mut events, posts) = page.hand_in(Input::Command(Command::Send("one".into())));
    assert_eq!(words(&posts), ["ping"], "the leader is told that there is something");
    events.append(&mut page.hand_in(Input::Command(Command::Send("two".into()))).0);
    (page, events)
}

#[test]
fn what_is_written_in_one_moment_stays_in_order_on_the_screen_and_in_storage() {
    let (page, events) = with_two_handed_over();
    let lines = inserted(&events);
    assert_eq!(lines.iter().map(|(at, item)| (*at, text(item))).collect::<Vec<_>>(), [(1, "one"), (2, "two")]);
    // No session gives keys from 2⁵² on.
    let keys: Vec<u64> = lines.iter().map(|(_, item)| item.key.0).collect();
    assert!(keys[0] > 1 << 52 && keys[1] > keys[0], "{keys:?}");
    let kept = page.store.keys("guest-chat:d:handed:");
    let kept = kept.iter().filter_map(|key| page.store.get(Area::Browser, key));
    let written = |kept: Value| Some((kept.at("text").as_str()?.to_owned(), kept.at("written").as_u64()?));
    let mut written: Vec<_> = kept.filter_map(written).collect();
    written.sort();
    assert_eq!(written, [("one".into(), WALL + 1_000), ("two".into(), WALL + 1_001)]);
}

#[test]
fn a_line_of_ours_that_the_leader_shows_takes_the_place_of_the_one_that_stood_for_it() {
    let (mut page, events) = with_two_handed_over();
    let ids: Vec<_> = inserted(&events)
        .iter()
        .filter_map(|(_, item)| match &item.content {
            Content::Inbound(message) => message.local_id.clone(),
            _ => None,
        })
        .collect();
    let tell = |told: u8, at: u8, id: &str| {
        format!(
            r#"{{"word":"tell","from":"leader","reign":1,"told":{told},"events":[["insert",{at},["inbound",{at},5,null,"x","{id}","queued"]]]}}"#
        )
    };
    let removed = |events: &[Event]| match events {
        [Event::Timeline(TimelineDiff::Remove { index }), Event::Timeline(TimelineDiff::Insert { .. })] => Some(*index),
        _ => None,
    };
    assert_eq!(removed(&page.hear(&tell(2, 1, &ids[1].0)).0), Some(2), "the second, below the leader's own line");
    assert_eq!(removed(&page.hear(&tell(3, 1, &ids[0].0)).0), Some(2), "and the first, below two of them");
}

#[test]
fn nobody_is_told_of_a_message_where_nobody_leads() {
    let mut page = Page::new();
    page.hand_in(Input::Command(Command::Open));
    let (_, posts) = page.hand_in(Input::Command(Command::Send("one".into())));
    assert_eq!(words(&posts), [""; 0]);
}

#[test]
fn who_missed_a_post_asks_for_everything_and_goes_on_commanding_the_leader_it_knows() {
    let (mut page, _) = Page::following();
    let (events, posts) = page.hear(r#"{"word":"tell","from":"leader","reign":1,"told":2,"events":[["unread",7]]}"#);
    assert_eq!((events, words(&posts)), (vec![], vec!["ping"]));
    let (_, posts) = page.hand_in(Input::Command(Command::TryNow));
    assert_eq!(words(&posts), ["say"]);

    let (events, posts) = page.hear(r#"{"word":"tell","from":"another","reign":2,"told":2,"events":[["unread",7]]}"#);
    assert_eq!((events, words(&posts)), (vec![], vec!["ping"]), "nor is one believed that was not met");
    let (_, posts) = page.hand_in(Input::Command(Command::TryNow));
    assert_eq!(words(&posts), [""; 0]);
    let (_, posts) = page.hear(r#"{"word":"sync","from":"another","reign":2,"told":2,"events":[]}"#);
    assert_eq!(words(&posts), ["say"], "it hears of it when it is met");
}

#[test]
fn what_was_told_before_is_not_shown_again() {
    let (mut page, _) = Page::following();
    let tell = r#"{"word":"tell","from":"leader","reign":1,"told":1,"events":[["unread",7]]}"#;
    assert_eq!(page.hear(tell).0, [Event::Unread(7)]);
    assert_eq!(page.hear(tell), (vec![], vec![]));
    // Somebody else had asked for it.
    let sync = r#"{"word":"sync","from":"leader","reign":1,"told":1,"events":[["unread",7]]}"#;
    assert_eq!(page.hear(sync), (vec![], vec![]));
    assert_eq!(page.hear(r#"{"word":"pong","from":"leader","reign":1}"#), (vec![], vec![]));
    let (_, posts) = page.hear(r#"{"word":"pong","from":"another","reign":1}"#);
    assert_eq!(words(&posts), ["ping"], "an answer of somebody who was not met");
}

#[test]
fn what_could_not_be_stored_is_said_again_when_an_answer_does_not_show_it_and_not_before() {
    let pong = r#"{"word":"pong","from":"leader","reign":1}"#;
    let sync = |told: u8| format!(r#"{{"word":"sync","from":"leader","reign":1,"told":{told},"events":[]}}"#);
    let (mut page, _) = Page::following();
    page.store.is_full = true;
    let (_, posts) = page.hand_in(Input::Command(Command::Send("one".into())));
    assert_eq!(words(&posts), ["hand"]);
    assert_eq!(words(&page.hear(pong).1), [""; 0], "that was an answer to somebody else's question");
    assert_eq!(words(&page.hear(&sync(1)).1), [""; 0]);
    page.now = page.deadline().expect("it asks");
    assert_eq!(words(&page.hand_in(Input::Timeout).1), ["ping"]);
    let tell = r#"{"word":"tell","from":"leader","reign":1,"told":2,"events":[["unread",7]]}"#;
    assert_eq!(words(&page.hear(tell).1), [""; 0], "news are no answer");
    page.now = page.deadline().expect("it asks");
    page.hand_in(Input::Timeout);
    let (_, posts) = page.hear(&sync(3));
    assert_eq!(words(&posts), ["hand"]);
    assert_eq!(posts[0].at("kept").at("after").as_u64(), Some(0), "nobody knows what became of it the first time");
}

#[test]
fn what_does_not_fit_what_is_shown_is_not_shown_and_everything_is_asked_for() {
    let line = r#"["outbound",1,5,"m1","hi",null,0]"#;
    for lines in [0, 1] {
        let own = vec![line; lines].join(",");
        let fits = |event: String| {
            let (mut page, _) = Page::following();
            page.hear(&format!(r#"{{"word":"tell","from":"leader","reign":1,"told":1,"events":[["reset",[{own}]]]}}"#));
            let (events, _) =
                page.hear(&format!(r#"{{"word":"tell","from":"leader","reign":1,"told":2,"events":[{event}]}}"#));
            page.now = page.deadline().expect("it asks");
            let (_, posts) = page.hand_in(Input::Timeout);
            let is_believed = posts[0].at("told").as_u64() == Some(2);
            assert_eq!(!events.is_empty(), is_believed, "{event}");
            is_believed
        };
        assert!(fits(format!(r#"["insert",{lines},{line}]"#)), "at the end");
        assert!(!fits(format!(r#"["insert",{},{line}]"#, lines + 1)), "beyond it");
        for at in 0..2 {
            assert_eq!(fits(format!(r#"["set",{at},{line}]"#)), at < lines);
            assert_eq!(fits(format!(r#"["remove",{at}]"#)), at < lines);
            assert_eq!(fits(format!(r#"["move",0,{line},{at}]"#)), at < lines, "from {at}");
            assert_eq!(fits(format!(r#"["move",{at},{line},0]"#)), at < lines, "to {at}");
        }
    }
}

#[test]
fn the_panel_follows_what_another_tab_does_and_not_what_comes_back_of_its_own() {
    let (mut page, name) = Page::following();
    let tell = |told: u8, by: &str| {
        format!(r#"{{"word":"tell","from":"leader","reign":1,"told":{told},"by":"{by}","events":[["panel",false]]}}"#)
    };
    assert_eq!(page.hear(&tell(1, &name)).0, []);
    assert_eq!(page.hear(&tell(2, "another")).0, [Event::Panel(false)]);
}

#[test]
fn who_takes_over_knows_of_its_own_page_whether_it_is_seen_and_has_a_network() {
    for is_seen in [true, false] {
        let (mut page, _) = Page::following();
        if !is_seen {
            page.hand_in(Input::Hidden);
        }
        page.connect();
        assert_eq!(page.deadline().is_some(), is_seen, "silence is watched for where somebody looks");
    }
    let (mut page, _) = Page::following();
    page.hand_in(Input::Network(Connectivity::Offline));
    let outputs = page.handle(Input::Lock(LockEvent::Granted));
    assert!(outputs.contains(&Output::Event(Event::Status(ConnectionStatus::Offline, None))), "{outputs:?}");
    assert!(!outputs.iter().any(|output| matches!(output, Output::Request(..) | Output::MintToken(_))), "{outputs:?}");
}

#[test]
fn a_first_connection_is_no_reconnection_whoever_leads() {
    let mut page = Page::new();
    page.hand_in(Input::Command(Command::Open));
    let (events, _) = page.hand_in(Input::Lock(LockEvent::Granted));
    assert!(events.contains(&Event::Status(ConnectionStatus::Connecting, None)), "{events:?}");
}

#[test]
fn what_was_cleared_out_of_storage_is_said_again_unless_the_screen_shows_one_more_like_it() {
    let row = |at: u8| format!(r#"["inbound",{at},5,"m{at}","one",null,"sent"]"#);
    let sync = |told: u8, rows: u8| {
        let rows = (0..rows).map(row).collect::<Vec<_>>().join(",");
        format!(r#"{{"word":"sync","from":"leader","reign":1,"told":{told},"events":[["reset",[{rows}]]]}}"#)
    };
    for (before, after) in [(0, 0), (0, 1), (1, 1), (1, 2)] {
        let (mut page, _) = Page::following();
        page.hear(&sync(1, before));
        page.hand_in(Input::Command(Command::Send("one".into())));
        for key in page.store.keys("guest-chat:d:handed:") {
            page.store.remove(Area::Browser, &key);
        }
        page.now = page.deadline().expect("it asks");
        page.hand_in(Input::Timeout);
        let (events, posts) = page.hear(&sync(2, after));
        let own = usize::from(after);
        let is_gone = events.contains(&Event::Timeline(TimelineDiff::Remove { index: own }));
        let is_said = words(&posts).contains(&"hand");
        assert_eq!((is_gone, is_said), (after > before, after == before), "{before} before, {after} after");
    }
}

#[test]
fn a_tab_with_nothing_to_come_back_to_leaves_no_record_of_itself() {
    let mut page = Page::leading();
    let record = |page: &Page| page.store.get(Area::Browser, "guest-chat:d:tab");
    assert!(record(&page).is_some(), "the panel is open");
    page.hand_in(Input::Command(Command::Close));
    assert_eq!(record(&page), None);
}
