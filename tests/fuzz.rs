//! Random inputs straight into the session; a fake driver that keeps book. Prints its seed.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::pedantic, clippy::unwrap_used, reason = "tests of what must not happen, written for reach")]

mod common;
#[path = "fuzz/steps.rs"]
mod steps;
#[path = "fuzz/words.rs"]
mod words;

use chat_proto::config::{Config, Settings};
use chat_proto::io::*;
use chat_proto::message::*;
use chat_proto::session::Session;
use chat_proto::snapshot::*;
use chat_proto::time::*;
use common::Dice;
use std::collections::{BTreeMap, BTreeSet};

const TOKEN: &str = "SECRETTOKEN";

struct Fuzz {
    s: Session,
    d: Dice,
    seed: u64,
    mono: u64,
    wall: u64,
    online: bool,
    has_endpoint: bool,
    sockets: BTreeSet<u32>,
    open: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    asks: BTreeMap<u32, Request>,
    mints: BTreeSet<u32>,
    items: Vec<Item>,
    ids: Vec<String>,
    last_save: Option<Snapshot>,
    outputs: usize,
    token_requests: u64,
    opened: u64,
    cfg: Config,
    log: Vec<String>,
}

impl Fuzz {
    fn new(seed: u64) -> Self {
        let mut d = Dice::new(seed);
        for _ in 0..5 {
            d.roll(3);
        }
        let has_endpoint = d.chance(60);
        let cfg = Config::new(&Settings {
            deployment_id: Some("x".into()),
            endpoint: Some("http://127.0.0.1:9000".into()),
            token_url: has_endpoint.then(|| "https://shop.example/t".into()),
            page_origin: "https://shop.example".into(),
            ..Settings::default()
        })
        .unwrap();
        let s = Session::new(cfg.clone(), Snapshot::default(), seed);
        let mut f = Self {
            s,
            d,
            seed,
            mono: 1000,
            wall: 1_791_190_800_000,
            online: true,
            has_endpoint,
            sockets: BTreeSet::new(),
            open: BTreeSet::new(),
            ended: BTreeSet::new(),
            asks: BTreeMap::new(),
            mints: BTreeSet::new(),
            items: vec![],
            ids: vec![],
            last_save: None,
            outputs: 0,
            token_requests: 0,
            opened: 0,
            cfg,
            log: vec![],
        };
        let now = f.now();
        let out = f.s.start(now);
        f.perform(out, "start".into());
        f
    }
    fn now(&self) -> Now {
        Now { mono: Instant(self.mono), wall: Timestamp(self.wall) }
    }
    fn give(&mut self, input: Input) {
        let name = {
            let mut n = format!("{input:?}");
            n.truncate(300);
            n
        };
        self.log.push(format!("{} {name}", self.mono));
        if self.log.len() > 25 {
            self.log.remove(0);
        }
        if let Input::Network(c) = &input {
            self.online = *c == Connectivity::Online;
        }
        let now = self.now();
        let out = self.s.handle_input(now, input);
        assert!(out.len() < 400 + 3 * self.items.len(), "seed {}: {} outputs", self.seed, out.len());
        self.perform(out, name);
        assert!(!format!("{:?}", self.s).contains(TOKEN));
        if let Some(at) = self.s.deadline() {
            let _ = at;
        }
    }
    fn perform(&mut self, out: Vec<Output>, name: String) {
        let mut saved_here: Option<Snapshot> = None;
        for o in out {
            self.outputs += 1;
            let seed = self.seed;
            let log = || self.log.join("\n");
            match o {
                Output::MintToken(id) => {
                    assert!(!self.has_endpoint);
                    self.mints.insert(id.0);
                }
                Output::Request(id, r) => {
                    assert!(self.online, "seed {seed}: request while offline after {name}");
                    if r.url.ends_with("/t") {
                        self.token_requests += 1;
                        assert!(
                            !self.asks.values().any(|q| q.url.ends_with("/t")),
                            "seed {seed}: two token requests after {name}\n{}",
                            log()
                        );
                    }
                    assert!(self.asks.insert(id.0, r).is_none());
                }
                Output::OpenSocket(id, _) => {
                    assert!(self.online);
                    let live: Vec<_> = self.sockets.iter().collect();
                    assert!(live.is_empty(), "seed {seed}: two sockets {live:?}+{id:?} after {name}\n{}", log());
                    self.opened += 1;
                    self.sockets.insert(id.0);
                }
                Output::SendFrame(id, f) => {
                    assert!(
                        self.sockets.contains(&id.0) && self.open.contains(&id.0),
                        "seed {seed}: frame to a socket that is not open, after {name}\n{}",
                        log()
                    );
                    if f.at("message").at("type").as_str() == Some("Text")
                        && f.at("action").as_str() == Some("onMessage")
                    {
                        let lid = f.at("message").at("metadata").at("id").as_str().unwrap().to_owned();
                        let snap = saved_here
                            .as_ref()
                            .unwrap_or_else(|| panic!("seed {seed}: text sent without a save first, after {name}"));
                        let kept = snap.tab.outbox.iter().find(|k| k.id.0 == lid).expect("kept");
                        assert!(matches!(kept.fate, Fate::Unknown(_)), "seed {seed}: sent but kept as {:?}", kept.fate);
                        self.ids.push(lid);
                    }
                    if let Some(t) = f.at("tracingId").as_str() {
                        self.ids.push(t.to_owned());
                    }
                    if self.ids.len() > 30 {
                        self.ids.remove(0);
                    }
                }
                Output::QueueLock | Output::StealLock | Output::ReleaseLock | Output::Post(_) | Output::LetGo => {
                    panic!("a session has no tabs")
                }
                Output::CloseSocket(id) => {
                    assert!(self.sockets.remove(&id.0), "seed {seed}: closes a socket that is gone, after {name}");
                    self.open.remove(&id.0);
                    self.ended.insert(id.0);
                }
                Output::Save(s) => {
                    if self.has_endpoint {
                        assert!(s.shared.as_ref().is_none_or(|r| r.token.is_none()));
                    }
                    saved_here = Some(s.clone());
                    self.last_save = Some(s);
                }
                Output::Event(e) => {
                    let text = format!("{e:?}");
                    assert!(!text.contains(TOKEN), "seed {seed}: token in {text}");
                    if let Event::Timeline(diff) = e {
                        match diff {
                            TimelineDiff::Reset(i) => self.items = i,
                            TimelineDiff::Insert { index, item } => {
                                assert!(!self.items.iter().any(|i| i.key == item.key));
                                self.items.insert(index, item)
                            }
                            TimelineDiff::Set { index, item } => {
                                assert_eq!(self.items[index].key, item.key);
                                self.items[index] = item
                            }
                            TimelineDiff::Move { from, to, item } => {
                                assert_eq!(self.items.remove(from).key, item.key);
                                self.items.insert(to, item)
                            }
                            TimelineDiff::Remove { index } => {
                                self.items.remove(index);
                            }
                        }
                    }
                }
            }
        }
        // Everything that is on the screen and not with the backend is in the saved outbox, and the other way round.
        if let Some(save) = &self.last_save {
            let shown: BTreeSet<&str> = self
                .items
                .iter()
                .filter_map(|i| match &i.content {
                    Content::Inbound(m) if m.id.is_none() => Some(m.local_id.as_ref().unwrap().0.as_str()),
                    _ => None,
                })
                .collect();
            let kept: BTreeSet<&str> = save.tab.outbox.iter().map(|k| k.id.0.as_str()).collect();
            assert_eq!(
                shown,
                kept,
                "seed {}: screen and storage disagree after {name}\n{}",
                self.seed,
                self.log.join("\n")
            );
        }
    }
}

#[test]
fn random_inputs_break_nothing() {
    let get = |n: &str, d: u64| std::env::var(n).ok().and_then(|t| t.parse().ok()).unwrap_or(d);
    let (first, runs, steps) = (get("FUZZ_SEED", 1), get("FUZZ_RUNS", 200), get("FUZZ_STEPS", 2_000));
    let mut kinds: BTreeMap<String, (u32, u64)> = BTreeMap::new();
    std::panic::set_hook(Box::new(|_| {}));
    for seed in first..first + runs {
        let r = std::panic::catch_unwind(|| {
            let mut f = Fuzz::new(seed);
            for _ in 0..steps {
                f.step();
            }
            (f.opened, f.token_requests)
        });
        if let Err(e) = r {
            let m = e
                .downcast_ref::<String>()
                .cloned()
                .or(e.downcast_ref::<&str>().map(|s| s.to_string()))
                .unwrap_or_default();
            if runs == 1 {
                eprintln!("{m}");
            }
            let head = m.lines().next().unwrap_or("").to_owned();
            let key: String = head.chars().filter(|c| !c.is_ascii_digit()).take(90).collect();
            let e = kinds.entry(key).or_insert((0, seed));
            e.0 += 1;
        }
    }
    for (k, (n, s)) in &kinds {
        eprintln!("{n:>5} × (seed {s}) {k}");
    }
    assert!(kinds.is_empty());
}
