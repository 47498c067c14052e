//! What one tab makes of what stands in storage, and of what another tab says, word by word. `tests/tabs.rs` has the whole browser.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use chat_proto::config::{Config, Settings};
use chat_proto::dialect::web_messaging::WebMessaging;
use chat_proto::io::{Command, Event, Input, LockEvent, Output, RequestId, TimelineDiff};
use chat_proto::json::Value;
use chat_proto::message::{Content, Item};
use chat_proto::tab::{Area, Store, Tab};
use chat_proto::time::{Instant, Now, Timestamp};

#[derive(Default)]
struct Memory(BTreeMap<(bool, String), Value>);

fn place(area: Area, key: &str) -> (bool, String) {
    (area == Area::Browser, key.into())
}

impl Store for Memory {
    fn get(&self, area: Area, key: &str) -> Option<Value> {
        self.0.get(&place(area, key)).cloned()
    }
    fn put(&mut self, area: Area, key: &str, value: &Value) -> bool {
        self.0.insert(place(area, key), value.clone());
        true
    }
    fn remove(&mut self, area: Area, key: &str) -> bool {
        self.0.remove(&place(area, key));
        true
    }
    fn keys(&self, prefix: &str) -> Vec<String> {
        let shared = self.0.keys().filter(|(is_shared, key)| *is_shared && key.starts_with(prefix));
        shared.map(|(_, key)| key.clone()).collect()
    }
}

struct Page {
    tab: Tab,
    store: Memory,
}

impl Page {
    fn new() -> Self {
        let config = Config::new(&Settings {
            deployment_id: Some("d".into()),
            region: Some("mypurecloud.ie".into()),
            page_origin: "https://shop.example".into(),
            ..Settings::default()
        });
        Self { tab: Tab::new(config.expect("fit for use"), &WebMessaging, 1), store: Memory::default() }
    }

    /// What becomes of it: what is shown, and what is said to other tabs.
    fn hand_in(&mut self, input: Input) -> (Vec<Event>, Vec<Value>) {
        let now = Now { mono: Instant(1_000), wall: Timestamp(1_791_190_800_000) };
        let (mut events, mut posts) = (Vec::new(), Vec::new());
        for output in self.tab.handle_input(now, input, &mut self.store) {
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
    page.store.put(Area::Browser, "guest-chat:d:reign", &6_u64.into());
    page.hand_in(Input::Command(Command::Open));
    let now = Now { mono: Instant(1_000), wall: Timestamp(1_791_190_800_000) };
    let outputs = page.tab.handle_input(now, Input::Lock(LockEvent::Granted), &mut page.store);
    let asked: Vec<u32> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Request(RequestId(id), _) | Output::MintToken(RequestId(id)) => Some(*id),
            _ => None,
        })
        .collect();
    assert!(!asked.is_empty() && asked.iter().all(|id| id >> 16 == 7), "the seventh reign: {asked:?}");
}
