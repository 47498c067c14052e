//! What is read back out of storage, and what tabs say to each other: written by a build of the widget, though not always by this one.

use std::collections::BTreeMap;

use chat_proto::config::{Config, Settings};
use chat_proto::io::{Command, Event, Input, LockEvent, Output, TimelineDiff};
use chat_proto::json::Value;
use chat_proto::message::{Content, Item};
use chat_proto::snapshot::{SharedRecord, TabRecord};
use chat_proto::tab::{Area, Store, Tab};
use chat_proto::time::{Instant, Now, Timestamp};

use crate::wire::json;

/// Records of storage, one a line.
pub fn record(text: &str) {
    for value in text.lines().filter_map(json) {
        if let Some(shared) = SharedRecord::from_value(&value) {
            assert_ne!(shared.token.as_deref(), Some(""));
            assert_eq!(SharedRecord::from_value(&shared.to_value()), Some(shared));
        }
        if let Some(tab) = TabRecord::from_value(&value) {
            assert!(tab.outbox.iter().all(|kept| !kept.id.0.is_empty() && !kept.text.is_empty()));
            assert_eq!(TabRecord::from_value(&tab.to_value()).as_ref(), Some(&tab));
        }
    }
}

/// Posts, one a line, heard by a tab that follows and by one that leads. A line that begins with `=` is put into storage instead, under
/// the key before its first blank.
pub fn post(text: &str) {
    let [mut follower, mut leader] = [Page::new(1), Page::new(2)];
    leader.hand_in(Input::Lock(LockEvent::Granted));
    leader.hand_in(Input::Command(Command::Send("of the leader".into())));
    follower.hand_in(Input::Command(Command::Send("of the follower".into())));
    for line in text.lines().take(40) {
        let stored = line.strip_prefix('=').and_then(|line| line.split_once(' '));
        if let Some((key, value)) = stored {
            if let Some(value) = json(value) {
                // Nobody but the leader touches what was handed over.
                let is_free = |page: &Page| !key.contains(":handed:") || !page.store.0.contains_key(key);
                for page in [&mut follower, &mut leader].into_iter().filter(|page| is_free(page)) {
                    page.store.0.insert(key.into(), value.clone());
                }
            }
        } else if let Some(post) = json(line) {
            follower.hand_in(Input::Heard(post.clone()));
            leader.hand_in(Input::Heard(post));
        }
    }
    follower.hand_in(Input::Command(Command::Draft("half a word".into())));
    // Whatever was heard: what was written here is not gone, unless a leader said that it stands on the screen or was taken.
    let handed = follower.store.0.keys().any(|key| key.contains(":handed:"));
    assert!(handed, "what was handed over is taken by who leads, and by nobody else");
    assert!(!follower.used_network, "a tab that follows has no network");

    follower.hand_in(Input::Lock(LockEvent::Granted));
    let is_kept = follower.items.iter().any(|item| match &item.content {
        Content::Inbound(message) => message.text == "of the follower",
        _ => false,
    });
    assert!(!follower.tab.is_leader() || is_kept, "what was written in a tab that leads now is on its screen");
}

/// A tab with a storage, a mirror of what it shows, and nothing behind it.
struct Page {
    tab: Tab,
    store: Memory,
    items: Vec<Item>,
    used_network: bool,
    now: u64,
}

impl Page {
    fn new(seed: u64) -> Self {
        let config = Config::new(&Settings {
            deployment_id: Some("d".into()),
            region: Some("mypurecloud.ie".into()),
            endpoint: None,
            token_url: None,
            page_origin: "https://shop.example".into(),
            ..Settings::default()
        });
        let tab = Tab::new(config.expect("a fit configuration"), seed);
        let mut page = Self { tab, store: Memory::default(), items: Vec::new(), used_network: false, now: 1_000 };
        page.hand_in(Input::Command(Command::Open));
        page
    }

    fn hand_in(&mut self, input: Input) {
        self.now += 500;
        let now = Now { mono: Instant(self.now), wall: Timestamp(1_791_190_800_000 + self.now) };
        let mut outputs = self.tab.handle_input(now, input, &mut self.store);
        for spins in 0.. {
            for output in outputs {
                self.perform(output);
            }
            if self.tab.deadline().is_none_or(|at| at > now.mono) {
                break;
            }
            assert!(spins < 20, "it spins");
            outputs = self.tab.handle_input(now, Input::Timeout, &mut self.store);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Request(..) | Output::OpenSocket(..) | Output::SendFrame(..) => self.used_network = true,
            Output::Save(_) => panic!("a tab saves by itself"),
            // As the store of the face does it: an index that does not fit would be a crash there.
            Output::Event(Event::Timeline(diff)) => match diff {
                TimelineDiff::Reset(items) => self.items = items,
                TimelineDiff::Insert { index, item } => self.items.insert(index, item),
                TimelineDiff::Set { index, item } => self.items[index] = item,
                TimelineDiff::Move { from, to, item } => {
                    self.items.remove(from);
                    self.items.insert(to, item);
                }
                TimelineDiff::Remove { index } => drop(self.items.remove(index)),
            },
            _ => {}
        }
    }
}

/// A storage that forgets nothing.
#[derive(Default)]
struct Memory(BTreeMap<String, Value>);

impl Store for Memory {
    fn get(&self, area: Area, key: &str) -> Option<Value> {
        self.0.get(key).filter(|_| area == Area::Browser).cloned()
    }

    fn put(&mut self, _area: Area, key: &str, value: &Value) -> bool {
        self.0.insert(key.into(), value.clone());
        true
    }

    fn remove(&mut self, _area: Area, key: &str) -> bool {
        self.0.remove(key);
        true
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        self.0.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }
}
