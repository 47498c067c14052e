//! Thousands of seeded conversations under faults, on virtual time: connections cut before, after and between, frames lost, late,
//! out of order and twice, dead wires that look alive, endpoints that fail, networks that come and go, pages that reload and
//! sleep. Afterwards everything heals, and then the screen, the backend and what was typed must agree: nothing lost, nothing repeated,
//! nothing out of order.
//!
//! A failure prints its seed: `STORM_SEED=… cargo test --test storm` runs that one alone, and `STORM_TRACE=1` prints every word of it;
//! `STORM_RUNS=…` sets how many are run.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use chat_proto::io::{Command, Input};
use chat_proto::message::SendState;
use chat_proto::phase::ConnectionStatus;
use common::{Dice, Reply, Rig};
use simulator::{Cut, Effect, FaultRule, On, Settings, Side};

const RUNS: u64 = 4_000;

#[test]
fn nothing_is_lost_repeated_or_reordered() {
    let seed = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, runs) = match seed("STORM_SEED") {
        Some(seed) => (seed, 1),
        None => (1, seed("STORM_RUNS").unwrap_or(RUNS)),
    };
    let mut tally = Tally::default();
    for seed in first..first + runs {
        let outcome = std::panic::catch_unwind(|| Storm::new(seed).run());
        match outcome {
            Ok(storm) => tally.add(&storm),
            Err(panic) => {
                eprintln!("the storm failed: STORM_SEED={seed} cargo test --test storm");
                std::panic::resume_unwind(panic);
            }
        }
    }
    eprintln!("{runs} storms from seed {first}: {tally:?}");
    // A storm that does not blow proves nothing.
    if runs >= 1_000 {
        assert!(tally.faults > runs * 3 && tally.sockets > runs * 3 && tally.reloads > runs / 4, "{tally:?}");
        assert!(tally.messages > runs * 5 && tally.unconfirmed > runs / 20, "{tally:?}");
    }
}

/// What happened, over all storms.
#[derive(Debug, Default)]
struct Tally {
    messages: u64,
    faults: u64,
    sockets: u64,
    reloads: u64,
    /// Messages that were of unknown fate at some time.
    unconfirmed: u64,
}

impl Tally {
    fn add(&mut self, storm: &Storm) {
        self.messages += storm.written.len() as u64;
        self.faults += storm.faults;
        self.sockets += u64::from(storm.rig.sockets);
        self.reloads += storm.reloads;
        self.unconfirmed += storm.unconfirmed;
    }
}

struct Storm {
    rig: Rig,
    dice: Dice,
    /// How likely each kind of fault is in this run, in percent of its steps.
    weights: [u64; 6],
    written: Vec<String>,
    agent_said: Vec<String>,
    faults: u64,
    reloads: u64,
    unconfirmed: u64,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let settings =
            if dice.chance(30) { Settings { agent: false, ..Settings::default() } } else { Settings::quiet() };
        let settings = Settings { history_shows_client_id: dice.chance(80), ..settings };
        let mut rig = Rig::with(seed, settings, dice.chance(70));
        rig.latency = (1 + dice.roll(50), 60 + dice.roll(600));
        rig.endpoint.life = [5, 30, 300, 3_600][usize::try_from(dice.roll(4)).expect("small")];
        rig.endpoint.connect_after = [None, Some(0), Some(4_000)][usize::try_from(dice.roll(3)).expect("small")];
        let weights = std::array::from_fn(|_| dice.roll(12));
        let (written, agent_said) = (Vec::new(), Vec::new());
        Self { rig, dice, weights, written, agent_said, faults: 0, reloads: 0, unconfirmed: 0 }
    }

    fn run(mut self) -> Self {
        self.rig.say(Command::Open);
        for _ in 0..20 + self.dice.roll(60) {
            self.step();
            let pause = [5, 100, 700, 4_000][usize::try_from(self.dice.roll(4)).expect("small")];
            let pause = self.dice.roll(pause);
            self.rig.run_for(pause);
        }
        self.heal();
        self.check();
        self
    }

    /// The visitor, the agent and the weather.
    fn step(&mut self) {
        match self.dice.roll(100) {
            0..20 => self.write(),
            20..35 => self.agent_speaks(),
            35..40 => self.rig.say(Command::Draft("…".repeat(self.written.len()))),
            _ => {}
        }
        let [wire, frames, http, network, page, token] = self.weights;
        let strikes = [wire, frames, http, network, page, token].map(|weight| self.dice.chance(weight));
        let [wire, frames, http, network, page, token] = strikes;
        self.faults += strikes.iter().filter(|strikes| **strikes).count() as u64;
        if wire {
            self.strike_wire();
        }
        if frames {
            self.strike_frames();
        }
        if http {
            self.strike_http();
        }
        if network {
            self.strike_network();
        }
        if page {
            self.strike_page();
        }
        if token {
            self.strike_token();
        }
        self.unconfirmed += self.rig.screen().iter().filter(|(_, state)| *state == "unconfirmed").count() as u64;
    }

    fn write(&mut self) {
        let text = format!("visitor {}", self.written.len());
        self.rig.send(&text);
        self.written.push(text);
    }

    fn agent_speaks(&mut self) {
        if self.rig.backend.sessions().is_empty() {
            return;
        }
        // Rows of one millisecond have no order but that of their arrival, which these storms disturb.
        self.rig.run_for(1);
        let text = format!("agent {}", self.agent_said.len());
        self.rig.agent_says(&text);
        self.agent_said.push(text);
    }

    /// A connection ends, or seems not to.
    fn strike_wire(&mut self) {
        let cut =
            [Cut::BeforeAccept, Cut::AfterAccept, Cut::AfterEcho][usize::try_from(self.dice.roll(3)).expect("small")];
        let side = [Side::Both, Side::FromClient, Side::ToClient][usize::try_from(self.dice.roll(3)).expect("small")];
        let code = [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000][usize::try_from(self.dice.roll(8)).expect("small")];
        let action =
            ["text", "text", "*", "configureSession", "getJwt"][usize::try_from(self.dice.roll(5)).expect("small")];
        let effect = match self.dice.roll(5) {
            0 | 1 => Effect::Close { code, reason: String::new(), cut },
            2 | 3 => Effect::Drop { cut },
            _ => Effect::BlackHole { side, ms: self.dice.chance(50).then_some(500) },
        };
        self.rig.backend.inject(FaultRule::once(On::Request(action.into()), effect));
    }

    /// A frame is lost, late, twice, out of turn or answered with an error.
    fn strike_frames(&mut self) {
        let ms = self.dice.roll(4_000);
        let push = On::Push(
            ["*", "Inbound", "Outbound", "SessionResponse"][usize::try_from(self.dice.roll(4)).expect("small")].into(),
        );
        let request = On::Request(["text", "*"][usize::try_from(self.dice.roll(2)).expect("small")].into());
        let retry_after = [None, Some(0), Some(2)][usize::try_from(self.dice.roll(3)).expect("small")];
        let rule = match self.dice.roll(8) {
            0 => FaultRule::once(push, Effect::Lose),
            1 => FaultRule::once(request, Effect::Lose),
            2 => FaultRule::once(push, Effect::Delay { ms, jitter: ms }),
            3 => FaultRule::once(push, Effect::Reorder { ms }),
            4 => FaultRule::once(push, Effect::Duplicate),
            5 => FaultRule::once(request, Effect::TooManyRequests { retry_after }),
            6 => FaultRule::once(request, Effect::Error { code: 500, message: "Request failed.".into() }),
            _ => FaultRule::once(On::Request("text".into()), Effect::HistoryLate { ms: ms / 2 }),
        };
        self.rig.backend.inject(rule);
    }

    /// History or settings fail.
    fn strike_http(&mut self) {
        let path = ["messages", "config.json"][usize::try_from(self.dice.roll(2)).expect("small")];
        let effect = match self.dice.roll(4) {
            0 => Effect::Status { status: 503, retry_after: None, html: true },
            1 => Effect::Status { status: 429, retry_after: Some("2".into()), html: false },
            2 => Effect::Hang,
            _ => Effect::Delay { ms: 500, jitter: 3_000 },
        };
        self.rig.backend.inject(FaultRule::once(On::Http(path.into()), effect));
    }

    /// The network goes, comes, or refuses.
    fn strike_network(&mut self) {
        match self.dice.roll(4) {
            0 => self.rig.go_offline(),
            1 => self.rig.go_online(),
            2 => self.rig.cut(),
            _ => {
                let refused = Effect::Status { status: 503, retry_after: None, html: false };
                self.rig.backend.inject(FaultRule::once(On::Upgrade, refused));
            }
        }
    }

    /// The page is reloaded, hidden, shown, throttled, or its clock is set.
    fn strike_page(&mut self) {
        match self.dice.roll(6) {
            0 | 1 => {
                self.rig.reload();
                self.reloads += 1;
            }
            2 => self.rig.hand_in(Input::Hidden),
            3 => self.rig.hand_in(Input::Visible),
            4 => self.rig.timer_lag = self.dice.roll(3_000),
            _ => self.rig.wall_skew = [0, -86_400_000, 86_400_000][usize::try_from(self.dice.roll(3)).expect("small")],
        }
    }

    /// The token endpoint fails.
    fn strike_token(&mut self) {
        let reply = match self.dice.roll(4) {
            0 => Reply::Status(503, None),
            1 => Reply::Status(429, Some(2_000)),
            2 => Reply::Html,
            _ => Reply::Hang,
        };
        self.rig.endpoint.next.push_back(reply);
    }

    /// The weather clears, the visitor looks and waits.
    fn heal(&mut self) {
        self.rig.backend.clear_faults();
        self.rig.endpoint.next.clear();
        self.rig.timer_lag = 0;
        self.rig.go_online();
        self.rig.hand_in(Input::Visible);
        self.rig.run_for(180_000);
        while self.rig.has_more {
            self.rig.say(Command::LoadEarlier);
            self.rig.run_for(7_000);
        }
    }

    fn check(&self) {
        assert_eq!(self.rig.status, ConnectionStatus::Online);
        let accepted = self.rig.accepted();
        let undecided: Vec<_> = self.written.iter().filter(|text| self.is_undecided(text)).collect();
        // Lost and repeated: every message is at the backend once. One that the visitor is asked about may be there or not.
        for text in &self.written {
            let times = accepted.iter().filter(|it| *it == text).count();
            assert!(
                times == 1 || times == 0 && undecided.contains(&text),
                "{text:?} was accepted {times} times; {:?}",
                self.rig.screen()
            );
        }
        // Reordered: the backend has them as they were written.
        let in_order: Vec<_> = self.written.iter().filter(|text| accepted.contains(text)).cloned().collect();
        assert_eq!(accepted, in_order);
        // And the screen shows what the backend has, each line once, in its order.
        let shown: Vec<_> = self.rig.screen().into_iter().filter(|(_, state)| *state != "unconfirmed").collect();
        let token = self.rig.token();
        let transcript = self.rig.backend.transcript(&token).into_iter().filter(|row| !row.text.is_empty());
        let expected: Vec<_> = transcript
            .filter(|row| !undecided.contains(&&row.text))
            .map(|row| (row.text, if row.direction == simulator::Direction::Inbound { "sent" } else { "agent" }))
            .collect();
        assert_eq!(shown, expected);
    }

    /// The visitor is asked about it.
    fn is_undecided(&self, text: &str) -> bool {
        self.rig.screen().iter().any(|(shown, state)| shown == text && *state == "unconfirmed")
            && matches!(self.rig.state_of(text), SendState::Unconfirmed { ask: true })
    }
}
