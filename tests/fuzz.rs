//! Random inputs straight into the session; a fake driver that keeps book. Prints its seed.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::pedantic, clippy::unwrap_used, reason = "tests of what must not happen, written for reach")]

mod common;
use chat_proto::config::{Config, Settings};
use chat_proto::dialect::web_messaging::WebMessaging;
use chat_proto::io::*;
use chat_proto::json::Value;
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
            region: None,
        })
        .unwrap();
        let s = Session::new(cfg.clone(), &WebMessaging, Snapshot::default(), seed);
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
    fn value(&mut self, depth: u32) -> Value {
        match self.d.roll(if depth == 0 { 9 } else { 11 }) {
            0 => Value::Null,
            1 => Value::Bool(self.d.chance(50)),
            2 => Value::Number(-1.0),
            3 => Value::Number(1e300),
            4 => Value::Number(f64::NAN),
            5 => Value::String("".into()),
            6 => Value::String("true".into()),
            7 => Value::from("2026-10-05T09:00:00.120Z"),
            8 => Value::Number(self.d.roll(100) as f64),
            9 => {
                let n = self.d.roll(4);
                (0..n).map(|_| self.value(depth - 1)).collect()
            }
            _ => {
                let n = self.d.roll(4);
                Value::Object((0..n).map(|_| (self.name(), self.value(depth - 1))).collect())
            }
        }
    }
    fn name(&mut self) -> String {
        [
            "class",
            "code",
            "body",
            "type",
            "tracingId",
            "direction",
            "text",
            "events",
            "eventType",
            "typing",
            "presence",
            "channel",
            "time",
            "id",
            "messageId",
            "connected",
            "readOnly",
            "newSession",
            "jwt",
            "metadata",
            "retryAfter",
            "entities",
            "pageCount",
        ][self.d.roll(23) as usize]
            .into()
    }
    fn trace(&mut self) -> Value {
        if self.ids.is_empty() || self.d.chance(20) {
            let p = ["", "hello-x", "signal-x", "key-x", "end-x", "junk", "a.b.c"][self.d.roll(7) as usize];
            return p.into();
        }
        let i = self.d.roll(self.ids.len() as u64) as usize;
        self.ids[i].as_str().into()
    }
    fn row(&mut self) -> Value {
        let dir = ["Inbound", "Outbound", "Sideways"][self.d.roll(3) as usize];
        let id = format!("r{}", self.d.roll(60));
        let time = match self.d.roll(5) {
            0 => Value::Null,
            1 => "9999-12-31T23:59:59.999Z".into(),
            2 => Value::Number(-5.0),
            _ => format!("2026-10-05T09:{:02}:{:02}.000Z", self.d.roll(60), self.d.roll(60)).into(),
        };
        let tr = self.trace();
        if self.d.chance(25) {
            let p = ["Join", "Disconnect", "SignIn", "?"][self.d.roll(4) as usize];
            let ro = self.d.chance(50);
            return Value::object([
                ("id", id.into()),
                ("direction", dir.into()),
                ("type", "Event".into()),
                ("channel", Value::object([("time", time)])),
                (
                    "events",
                    Value::from([Value::object([
                        ("eventType", "Presence".into()),
                        ("presence", Value::object([("type", p.into())])),
                    ])]),
                ),
                ("metadata", Value::object([("readOnly", ro.into())])),
            ]);
        }
        Value::object([
            ("id", id.into()),
            ("direction", dir.into()),
            ("type", "Text".into()),
            ("text", format!("t{}", self.d.roll(5)).into()),
            ("channel", Value::object([("time", time)])),
            ("metadata", Value::object([("id", tr)])),
        ])
    }
    fn frame(&mut self) -> Value {
        let tr = self.trace();
        match self.d.roll(16) {
            0..=3 => Value::object([
                ("class", "SessionResponse".into()),
                ("code", 200u64.into()),
                ("tracingId", tr),
                (
                    "body",
                    Value::object([
                        ("connected", self.d.chance(85).into()),
                        ("newSession", self.d.chance(40).into()),
                        ("readOnly", self.d.chance(25).into()),
                    ]),
                ),
            ]),
            4..=6 => {
                let b = self.row();
                Value::object([
                    ("class", "StructuredMessage".into()),
                    ("code", 200u64.into()),
                    ("tracingId", tr),
                    ("body", b),
                ])
            }
            7 | 8 => Value::object([
                ("class", "JwtResponse".into()),
                ("code", 200u64.into()),
                ("body", Value::object([("jwt", "k".into())])),
            ]),
            9 => {
                let c = ["SessionExpiredEvent", "ConnectionClosedEvent", "LogoutEvent", "SessionClearedEvent"]
                    [self.d.roll(4) as usize];
                if self.d.chance(70) {
                    return Value::Null;
                }
                Value::object([("class", c.into()), ("code", 200u64.into())])
            }
            10..=12 => {
                let c = [429u64, 4006, 4007, 4011, 409, 401, 403, 500, 408, 400, 4029, 70_000, 302]
                    [self.d.roll(13) as usize];
                if c == 4006 && self.d.chance(60) {
                    return Value::Null;
                }
                let after = match self.d.roll(4) {
                    0 => Value::Null,
                    1 => Value::Number(1e300),
                    2 => Value::Number(-3.0),
                    _ => Value::Number(3.0),
                };
                Value::object([
                    ("class", "string".into()),
                    ("code", c.into()),
                    ("tracingId", tr),
                    ("body", Value::object([("retryAfter", after), ("errorMessage", "x".into())])),
                ])
            }
            13 => Value::object([
                ("class", "StructuredMessage".into()),
                ("code", 200u64.into()),
                (
                    "body",
                    Value::object([
                        ("direction", "Outbound".into()),
                        ("type", "Event".into()),
                        (
                            "events",
                            Value::from([Value::object([
                                ("eventType", "Typing".into()),
                                ("typing", Value::object([("type", "On".into()), ("duration", Value::Number(1e18))])),
                            ])]),
                        ),
                    ]),
                ),
            ]),
            _ => self.value(4),
        }
    }
    fn response(&mut self, url: &str) -> Result<Response, NetError> {
        if self.d.chance(10) {
            return Err(NetError::Failed);
        }
        if self.d.chance(5) {
            return Err(NetError::Timeout);
        }
        let retry_after = match self.d.roll(8) {
            0 => Some(RetryAfter::Delay(u64::MAX)),
            1 => Some(RetryAfter::At(Timestamp(253_402_300_799_000))),
            2 => Some(RetryAfter::At(Timestamp(0))),
            3 => Some(RetryAfter::Delay(0)),
            4 => Some(RetryAfter::At(Timestamp(u64::MAX))),
            _ => None,
        };
        let status = if self.d.chance(70) {
            200
        } else {
            [0, 204, 301, 401, 403, 404, 408, 425, 429, 500, 503, 65535][self.d.roll(12) as usize]
        };
        let body = if self.d.chance(8) {
            self.value(4)
        } else if url.ends_with("/t") {
            let life = match self.d.roll(7) {
                0 => Value::from("18446744073709551615"),
                1 => Value::Number(1e300),
                2 => Value::Number(1.0),
                3 => Value::Number(5.0),
                4 => Value::Number(0.0),
                _ => Value::Number(300.0),
            };
            Value::object([("token", TOKEN.into()), ("expires_in", life)])
        } else if url.contains("messages") {
            let n = [0, 1, 5, 25, 40][self.d.roll(5) as usize];
            let rows: Vec<Value> = (0..n).map(|_| if self.d.chance(5) { self.value(3) } else { self.row() }).collect();
            Value::object([
                ("entities", rows.into_iter().collect()),
                ("pageNumber", self.d.roll(4).into()),
                ("pageCount", self.d.roll(6).into()),
                ("pageSize", self.d.roll(30).into()),
            ])
        } else {
            Value::object([
                ("status", "Active".into()),
                (
                    "messenger",
                    Value::object([(
                        "apps",
                        Value::object([(
                            "conversations",
                            Value::object([
                                ("showUserTypingIndicator", true.into()),
                                ("autoStart", Value::object([("enabled", self.d.chance(50).into())])),
                            ]),
                        )]),
                    )]),
                ),
            ])
        };
        Ok(Response { status, retry_after, body })
    }
    fn some_local(&mut self) -> LocalId {
        let ids: Vec<_> = self
            .items
            .iter()
            .filter_map(|i| match &i.content {
                Content::Inbound(m) => m.local_id.clone(),
                _ => None,
            })
            .collect();
        if ids.is_empty() { LocalId("none".into()) } else { ids[self.d.roll(ids.len() as u64) as usize].clone() }
    }
    fn step(&mut self) {
        // time
        if self.d.chance(60) {
            let n = if self.d.chance(3) { 7 } else { 5 };
            self.mono += [0, 1, 20, 300, 2_000, 15_000, 3_600_000][self.d.roll(n) as usize];
        }
        self.wall = 1_791_190_800_000 + self.mono;
        if self.d.chance(3) {
            self.wall = [0, 1, 253_402_300_799_000, 253_402_300_799_001][self.d.roll(4) as usize];
        }
        let sock: Option<u32> = self.sockets.iter().next().copied();
        match self.d.roll(100) {
            0..=24 => {
                if let Some(id) = sock {
                    if self.open.contains(&id) {
                        let f = self.frame();
                        self.give(Input::Socket(SocketId(id), SocketEvent::Frame(f)))
                    } else if self.d.chance(85) {
                        self.open.insert(id);
                        self.give(Input::Socket(SocketId(id), SocketEvent::Opened))
                    } else {
                        self.sockets.remove(&id);
                        self.give(Input::Socket(SocketId(id), SocketEvent::Closed { code: 1006 }))
                    }
                }
            }
            25..=27 => {
                if let Some(id) = sock {
                    self.sockets.remove(&id);
                    self.open.remove(&id);
                    let code = [1000, 1001, 1006, 1008, 1012, 1013, 4401, 0, 65535][self.d.roll(9) as usize];
                    self.give(Input::Socket(SocketId(id), SocketEvent::Closed { code }))
                }
            }
            28 => {
                let id = self.d.roll(50) as u32;
                if Some(id) != sock {
                    let f = self.frame();
                    let e = match self.d.roll(3) {
                        0 => SocketEvent::Opened,
                        1 => SocketEvent::Closed { code: 1000 },
                        _ => SocketEvent::Frame(f),
                    };
                    if self.ended.contains(&id) {
                        self.give(Input::Socket(SocketId(id), e))
                    }
                }
            }
            29 => {
                if let Some(id) = sock
                    && self.open.contains(&id)
                {
                    self.give(Input::Socket(SocketId(id), SocketEvent::Unreadable))
                }
            }
            30..=48 => {
                let keys: Vec<u32> = self.asks.keys().copied().collect();
                if !keys.is_empty() {
                    let k = keys[self.d.roll(keys.len() as u64) as usize];
                    let r = self.asks.remove(&k).unwrap();
                    let a = self.response(&r.url);
                    self.give(Input::Response(RequestId(k), a))
                }
            }
            49 => {
                let id = 1_000_000 + self.d.roll(50) as u32;
                let a = self.response("x");
                self.give(Input::Response(RequestId(id), a))
            }
            50..=55 => {
                if let Some(id) = self.mints.pop_first() {
                    self.give(Input::Minted(RequestId(id), TOKEN.into()))
                }
            }
            56..=67 => {
                // as a driver does: at the deadline, or early
                if let Some(at) = self.s.deadline()
                    && at.0 < u64::MAX / 2
                    && self.d.chance(60)
                    && at.0 < self.mono + 3_700_000
                {
                    self.mono = self.mono.max(at.0);
                }
                self.give(Input::Timeout);
                let mut spins = 0;
                while self.s.deadline().is_some_and(|at| at.0 <= self.mono) {
                    spins += 1;
                    assert!(spins < 20, "seed {}: spins\n{}", self.seed, self.log.join("\n"));
                    self.give(Input::Timeout);
                }
            }
            68 | 69 => self.give(Input::Network(Connectivity::Offline)),
            70..=73 => self.give(Input::Network(Connectivity::Online)),
            74 | 75 => self.give(Input::Visible),
            76 | 77 => self.give(Input::Hidden),
            78 => {
                let r = match self.d.roll(4) {
                    0 => None,
                    1 => Some(SharedRecord {
                        token: Some(TOKEN.into()),
                        read_up_to: Timestamp(u64::MAX),
                        ..SharedRecord::default()
                    }),
                    _ => Some(SharedRecord { token: None, read_up_to: Timestamp(5), ..SharedRecord::default() }),
                };
                self.give(Input::Shared(r))
            }
            79 | 80 => self.give(Input::Command(Command::Open)),
            81 => self.give(Input::Command(Command::Close)),
            82..=86 => {
                let t = match self.d.roll(8) {
                    0 => " ".into(),
                    1 => "x".repeat(5000),
                    n => format!("t{n}"),
                };
                self.give(Input::Command(Command::Send(t)))
            }
            87 => {
                let t = format!("d{}", self.d.roll(3));
                self.give(Input::Command(Command::Draft(t)))
            }
            88 | 89 => {
                let id = self.some_local();
                self.give(Input::Command(Command::Retry(id)))
            }
            90 => {
                let id = self.some_local();
                self.give(Input::Command(Command::Discard(id)))
            }
            91 | 92 => self.give(Input::Command(Command::TryNow)),
            93 | 94 => self.give(Input::Command(Command::UseHere)),
            95..=97 => self.give(Input::Command(Command::NewChat)),
            98 => self.give(Input::Command(Command::LoadEarlier)),
            _ => {
                if self.d.chance(10) {
                    // reload
                    let snap = self.last_save.clone().unwrap_or_default();
                    self.s = Session::new(self.cfg.clone(), &WebMessaging, snap, self.d.roll(u64::MAX));
                    self.sockets.clear();
                    self.open.clear();
                    self.asks.clear();
                    self.mints.clear();
                    self.items.clear();
                    self.ended.clear();
                    self.log.push("RELOAD".into());
                    if !self.online {
                        self.give_quiet(Input::Network(Connectivity::Offline));
                    }
                    let now = self.now();
                    let out = self.s.start(now);
                    self.perform(out, "start".into());
                }
            }
        }
    }
    fn give_quiet(&mut self, i: Input) {
        let now = self.now();
        let out = self.s.handle_input(now, i);
        let _ = out;
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
