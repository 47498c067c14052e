//! The herd: thousands of visitors, dropped together, come back. Each is a real session with a seed of its own; backend and places in line
//! are the companions' own; the network takes 20 to 60 ms each way; time is virtual. Used by `tests/herd.rs`, which holds the result
//! to its targets, and by `examples/herd.rs`, which prints it.
#![allow(unreachable_pub, reason = "for a test and an example, each of which takes it in")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::time::Duration;

use chat_proto::config::{Config, Settings};
use chat_proto::io::{Command, Event, Input, Output, Request, RequestId, Response, SocketEvent, SocketId};
use chat_proto::json::Value;
use chat_proto::phase::ConnectionStatus;
use chat_proto::session::Session;
use chat_proto::snapshot::Snapshot;
use chat_proto::time::{Instant, Now, Timestamp};
use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT};
use token_proxy::Slots;

const ORIGIN: &str = "https://shop.example";
const TOKEN_URL: &str = "https://shop.example/api/genesys/refresh";
const BACKEND: &str = "http://127.0.0.1:9000";
/// 2026-10-05T09:00:00Z.
const EPOCH: u64 = 1_791_190_800_000;
/// When everybody is dropped. They joined in the second after the start, one by one.
const DROP: u64 = 5_000;
/// Nobody may need longer: an hour after the drop.
const END: u64 = DROP + 3_600_000;

/// What the token endpoint lets in: its default, of the backend's 1,000.
const PLACES: u32 = 900;

/// One run.
#[derive(Clone, Copy)]
pub struct Herd {
    pub visitors: usize,
    /// How long the backend is away, in milliseconds.
    pub outage: u64,
    /// Whether the backend lets in 1,000 new connections a minute, or any number.
    pub has_quota: bool,
    /// Whether the token endpoint gives places in line.
    pub has_slots: bool,
    pub seed: u64,
}

/// How it went. Times are milliseconds from when the backend was back until a visitor could write again, history read.
#[derive(Clone)]
pub struct Recovery {
    waits: Vec<u64>,
    /// Handshakes that the backend refused over its quota, for each visitor.
    pub refused: f64,
    /// The most sockets opened within any 100 ms after the backend was back, in percent of the visitors.
    pub peak: f64,
}

impl Recovery {
    /// The wait that so many percent of the visitors did not exceed.
    pub fn percentile(&self, percent: usize) -> u64 {
        self.waits[(self.waits.len() * percent).div_ceil(100) - 1]
    }
}

struct Visitor {
    session: Session,
    connection: Option<(SocketId, Connection)>,
    back_at: Option<u64>,
}

enum Happening {
    Joins,
    Opens(SocketId),
    Says(Connection, String),
    Hears(SocketId, SocketEvent),
    Asks(RequestId, Request),
    Answered(RequestId, Response),
    Timeout,
}

struct World {
    herd: Herd,
    visitors: Vec<Visitor>,
    backend: Backend,
    slots: Slots,
    /// When, in which order, whose, and where it is kept.
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    happenings: Vec<Option<Happening>>,
    dice: u64,
    now: u64,
    connections: u64,
    attempts: Vec<u64>,
    refused: u32,
    away: usize,
}

impl Herd {
    /// Runs it until everybody is back.
    pub fn run(self) -> Recovery {
        let mut world = World::new(self);
        for visitor in 0..self.visitors {
            let at = world.roll(1_000);
            world.at(at, visitor, Happening::Joins);
        }
        world.run_until(DROP);
        assert!(world.visitors.iter().all(|visitor| visitor.back_at.is_some()), "everybody is there before the drop");
        world.drop_all();
        world.run_until(END);
        world.recovery()
    }
}

impl World {
    fn new(herd: Herd) -> Self {
        let config = Config::new(&Settings {
            deployment_id: Some(DEMO_DEPLOYMENT.into()),
            endpoint: Some(BACKEND.into()),
            token_url: Some(TOKEN_URL.into()),
            page_origin: ORIGIN.into(),
            ..Settings::default()
        })
        .expect("good settings");
        let mut world = Self {
            herd,
            visitors: Vec::new(),
            backend: Backend::new(simulator::Settings::quiet(), herd.seed),
            slots: Slots::new(PLACES),
            queue: BinaryHeap::new(),
            happenings: Vec::new(),
            dice: herd.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
            now: 0,
            connections: 0,
            attempts: Vec::new(),
            refused: 0,
            away: herd.visitors,
        };
        for _ in 0..herd.visitors {
            let seed = world.roll(u64::MAX);
            let session = Session::new(config.clone(), Snapshot::default(), seed);
            world.visitors.push(Visitor { session, connection: None, back_at: None });
        }
        world
    }

    /// The service restarts: its sessions are kept, its connections are not, and it counts new ones from nothing.
    fn drop_all(&mut self) {
        let mut settings = simulator::Settings::quiet();
        if self.herd.has_quota {
            settings.limits.connections_per_minute = simulator::Settings::default().limits.connections_per_minute;
        }
        self.now = DROP;
        let kept = self.backend.save();
        self.backend = Backend::new(settings, self.herd.seed);
        self.backend.restore(&kept).expect("what was just saved");
        self.attempts.clear();
        self.away = self.herd.visitors;
        for visitor in 0..self.herd.visitors {
            self.visitors[visitor].back_at = None;
            let (id, _) = self.visitors[visitor].connection.take().expect("connected");
            self.after_one_way(visitor, Happening::Hears(id, SocketEvent::Closed { code: 1006 }));
        }
    }

    fn recovery(&self) -> Recovery {
        let back = DROP + self.herd.outage;
        let mut waits: Vec<_> =
            self.visitors.iter().map(|it| it.back_at.expect("everybody comes back") - back).collect();
        waits.sort_unstable();
        let attempts: Vec<_> = self.attempts.iter().filter(|at| **at >= back).collect();
        let within = |(at, first): (usize, &&u64)| attempts[at..].iter().take_while(|it| ***it < **first + 100).count();
        let peak = attempts.iter().enumerate().map(within).max().unwrap_or_default();
        let visitors = ratio(self.herd.visitors);
        Recovery { waits, refused: f64::from(self.refused) / visitors, peak: ratio(peak) * 100.0 / visitors }
    }

    fn run_until(&mut self, end: u64) {
        while let Some(Reverse((at, order, visitor))) = self.queue.peek().copied() {
            if at > end || self.away == 0 && end == END {
                break;
            }
            self.queue.pop();
            self.now = at;
            let happening = self.happenings[usize::try_from(order).expect("in memory")].take();
            self.happen(visitor, happening.expect("happens once"));
        }
    }

    fn happen(&mut self, visitor: usize, happening: Happening) {
        match happening {
            Happening::Joins => self.hand_in(visitor, Input::Command(Command::Open)),
            // An older one; the deadline has moved since.
            Happening::Timeout if self.visitors[visitor].session.deadline() > Some(Instant(self.now)) => {}
            Happening::Timeout => self.hand_in(visitor, Input::Timeout),
            Happening::Opens(id) => self.open(visitor, id),
            Happening::Says(connection, frame) => {
                let actions = self.backend.receive(EPOCH + self.now, connection, &frame);
                for action in actions {
                    let Action::Send { frame, .. } = action else { panic!("the backend closes nothing by itself") };
                    let (id, _) = self.visitors[visitor].connection.expect("it speaks to the one who spoke");
                    let frame = serde_json::from_str(&frame).expect("the backend's JSON");
                    self.after_one_way(visitor, Happening::Hears(id, SocketEvent::Frame(frame)));
                }
            }
            Happening::Hears(id, event) => self.hand_in(visitor, Input::Socket(id, event)),
            Happening::Asks(id, request) => {
                let response = self.answer(visitor, &request);
                self.after_one_way(visitor, Happening::Answered(id, response));
            }
            Happening::Answered(id, response) => self.hand_in(visitor, Input::Response(id, Ok(response))),
        }
    }

    fn open(&mut self, visitor: usize, id: SocketId) {
        let is_away = (DROP..DROP + self.herd.outage).contains(&self.now);
        let connection = Connection(self.connections);
        let mut upgrade = || self.backend.upgrade(EPOCH + self.now, connection, DEMO_DEPLOYMENT, Some(ORIGIN));
        if is_away || upgrade().is_err() {
            self.refused += u32::from(!is_away);
            self.after_one_way(visitor, Happening::Hears(id, SocketEvent::Closed { code: 1006 }));
        } else {
            self.connections += 1;
            self.visitors[visitor].connection = Some((id, connection));
            self.after_one_way(visitor, Happening::Hears(id, SocketEvent::Opened));
        }
    }

    fn answer(&mut self, visitor: usize, request: &Request) -> Response {
        if request.url != TOKEN_URL {
            let target = request.url.strip_prefix(BACKEND).expect("the backend");
            let mut asked = simulator::Request::get(target, ORIGIN);
            asked.headers.authorization.clone_from(&request.authorization);
            let answer = self.backend.request(EPOCH + self.now, &asked);
            let body = serde_json::from_str(&answer.body).ok();
            return Response { status: answer.status, retry_after: None, body };
        }
        let is_connecting = request.body.as_ref().is_some_and(|body| body.at("connecting").as_bool() == Some(true));
        let has_slot = self.herd.has_slots && is_connecting;
        if has_slot && request.body.as_ref().is_some_and(|body| body.at("unused").as_bool() == Some(true)) {
            self.slots.give_back(Duration::from_millis(self.now));
        }
        // Those who joined one by one over the day found no line.
        let wait = if has_slot && self.now >= DROP {
            self.slots.take(Duration::from_millis(self.now)).expect("the herd fits into ten minutes")
        } else {
            Duration::ZERO
        };
        let wait = u64::try_from(wait.as_micros().div_ceil(1_000)).expect("ten minutes at most");
        let token = format!("visitor-{visitor}");
        let body = Value::object([
            ("token", token.into()),
            ("expires_in", 3_600.into()),
            ("connect_after_ms", Some(wait).filter(|_| has_slot).into()),
        ]);
        Response { status: 200, retry_after: None, body: Some(body) }
    }

    fn hand_in(&mut self, visitor: usize, input: Input) {
        let now = Now { mono: Instant(self.now), wall: Timestamp(EPOCH + self.now) };
        for output in self.visitors[visitor].session.handle_input(now, input) {
            match output {
                Output::OpenSocket(id, _) => {
                    self.attempts.push(self.now);
                    self.after_one_way(visitor, Happening::Opens(id));
                }
                Output::SendFrame(_, frame) => {
                    let (_, connection) = self.visitors[visitor].connection.expect("a socket that is open");
                    let frame = serde_json::to_string(&frame).expect("JSON");
                    self.after_one_way(visitor, Happening::Says(connection, frame));
                }
                Output::Request(id, request) => self.after_one_way(visitor, Happening::Asks(id, request)),
                Output::Event(Event::Status(ConnectionStatus::Online, _))
                    if self.visitors[visitor].back_at.is_none() =>
                {
                    self.visitors[visitor].back_at = Some(self.now);
                    self.away -= 1;
                }
                _ => {}
            }
        }
        if let Some(Instant(at)) = self.visitors[visitor].session.deadline() {
            self.at(at.max(self.now), visitor, Happening::Timeout);
        }
    }

    fn after_one_way(&mut self, visitor: usize, happening: Happening) {
        let at = self.now + 20 + self.roll(41);
        self.at(at, visitor, happening);
    }

    fn at(&mut self, at: u64, visitor: usize, happening: Happening) {
        self.queue.push(Reverse((at, self.happenings.len() as u64, visitor)));
        self.happenings.push(Some(happening));
    }

    /// Marsaglia's xorshift64.
    fn roll(&mut self, bound: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % bound
    }
}

fn ratio(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a count of visitors"))
}

/// The recovery of these herds as a table in markdown.
pub fn table(herds: &[(Herd, Recovery)]) -> String {
    let mut page = String::from(
        "| Visitors | Backend away | Its quota | Places in line | p50 | p95 | last | Refused handshakes per visitor | Peak in 100 ms |\n\
         |---:|---:|---|---|---:|---:|---:|---:|---:|\n",
    );
    for (herd, recovery) in herds {
        let [p50, p95, last] = [50, 95, 100].map(|percent| seconds(recovery.percentile(percent)));
        let quota = if herd.has_quota { "1,000/min" } else { "none" };
        let slots = if herd.has_slots { "900/min" } else { "none" };
        let Herd { visitors, outage, .. } = herd;
        let away = outage / 1_000;
        let Recovery { refused, peak, .. } = recovery;
        writeln!(
            page,
            "| {visitors} | {away} s | {quota} | {slots} | {p50} | {p95} | {last} | {refused:.1} | {peak:.1} % |"
        )
        .expect("a string");
    }
    page
}

fn seconds(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10)
}
