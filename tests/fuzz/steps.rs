//! What happens next: a word from the network, a person, the page or the clock, each so often.

use chat_proto::io::{Command, Connectivity, Input, RequestId, SocketEvent, SocketId};
use chat_proto::message::{Content, LocalId};
use chat_proto::session::Session;
use chat_proto::snapshot::SharedRecord;
use chat_proto::time::Timestamp;

use super::{Fuzz, TOKEN};

impl Fuzz {
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
    pub(super) fn step(&mut self) {
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
                    self.s = Session::new(self.cfg.clone(), snap, self.d.roll(u64::MAX));
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
