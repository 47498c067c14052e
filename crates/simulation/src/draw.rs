//! Drawing a schedule from a seed. Each run has its own mix: some kinds of fault are off, the others have weights of their own, so that
//! rare combinations come up often in some runs instead of hardly ever in all of them (swarm testing).

use simulator::{Cut, Effect, FaultRule, On, Side};

use crate::dice::Dice;
use crate::schedule::{Act, Corruption, Fault, KINDS, Reply, Schedule, Setting, Step, Visitor, WEB_MESSAGING};
use crate::wire;

impl Schedule {
    /// The schedule of this seed on the default wire.
    pub fn draw(seed: u64) -> Self {
        Self::draw_on(WEB_MESSAGING, seed)
    }

    /// The schedule of this seed on the wire of that name: the same deeds and faults on all of them, as far as each has a place for them.
    pub fn draw_on(dialect: &'static str, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let setting = setting(dialect, seed, &mut dice);
        let weights = weights(&mut dice);
        // One run in twenty is calm; the others see a fault in one to three of four steps.
        let storminess = if dice.chance(5) { 0 } else { dice.between(25, 75) };
        let length = usize::try_from(dice.between(30, 80)).unwrap_or(30);
        let hurry = dice.pick(&[[5, 40, 400, 2_000], [5, 100, 700, 4_000], [50, 500, 3_000, 20_000]]);
        let mut steps = vec![Step { number: 0, act: Act::Visitor(0, Visitor::Open), pause: dice.roll(1_000) }];
        while steps.len() < length {
            let fault = if dice.chance(storminess) { fault(&mut dice, &weights, setting) } else { None };
            let act = fault.unwrap_or_else(|| deed(&mut dice, setting));
            let longest = dice.pick(&hurry);
            steps.push(Step { number: steps.len(), act, pause: dice.roll(longest) });
        }
        Self { seed, setting, steps }
    }

    /// The same with these steps only, named by their numbers.
    #[must_use]
    pub fn keeping(mut self, is_kept: impl Fn(usize) -> bool) -> Self {
        self.steps.retain(|step| is_kept(step.number));
        self
    }
}

fn setting(dialect: &'static str, seed: u64, dice: &mut Dice) -> Setting {
    let has_locks = dice.chance(85);
    // Without locks every tab has a socket of its own, and the backend allows three.
    let tabs = if has_locks { dice.pick(&[1, 1, 2, 2, 3, 4, 5, 6]) } else { dice.pick(&[1, 1, 2, 3]) };
    let latency = dice.pick(&[(20, 60), (5, 10), (100, 400), (20, 1_500)]);
    // Auth and join, which leave together, must not arrive half a second apart. How far they go does not matter.
    let is_close = dialect == "conversation-socket";
    let latency = if is_close { (latency.0.max(latency.1 - latency.1.min(500)), latency.1) } else { latency };
    let is_default = dialect == WEB_MESSAGING;
    // Whoever cannot make a token up has an endpoint.
    let has_endpoint = dice.chance(75) || !is_default;
    let gives_places = has_endpoint && dice.chance(25);
    // 7200 s is longer than the token lives: to be taken for a mistake.
    let renew_in = if has_endpoint { dice.pick(&[None, None, None, Some(12), Some(1_200), Some(7_200)]) } else { None };
    // Dice of its own, so that the rest is the same on all wires. With the short ones a token is renewed all the time.
    let life = if is_default { 3_600 } else { Dice::new(seed ^ 0x11fe).pick(&[900, 300, 60, 60, 30, 20]) };
    Setting { dialect, life, tabs, has_endpoint, gives_places, renew_in, has_locks, latency }
}

/// How likely each kind is, relative to the others. About half of them are off.
fn weights(dice: &mut Dice) -> [u64; KINDS] {
    std::array::from_fn(|_| if dice.chance(50) { dice.between(1, 10) } else { 0 })
}

fn deed(dice: &mut Dice, setting: Setting) -> Act {
    let visitor = match dice.roll(100) {
        0..20 => return Act::AgentSays,
        20..24 => return Act::AgentTypes,
        24..60 => Visitor::Write { long: dice.chance(2) },
        60..72 => Visitor::Draft,
        72..76 => Visitor::Retry,
        76..79 => Visitor::Discard,
        79..82 => Visitor::TryNow,
        82..90 => Visitor::GoOn,
        90..92 => Visitor::Close,
        92..96 => Visitor::LoadEarlier,
        _ => Visitor::Open,
    };
    Act::Visitor(tab(dice, setting), visitor)
}

fn tab(dice: &mut Dice, setting: Setting) -> usize {
    usize::try_from(dice.roll(setting.tabs as u64)).unwrap_or(0)
}

fn fault(dice: &mut Dice, weights: &[u64; KINDS], setting: Setting) -> Option<Act> {
    let mut left = dice.roll(weights.iter().sum());
    for (kind, weight) in weights.iter().enumerate() {
        if left < *weight {
            let fault = of_kind(dice, kind, setting).map(|fault| wire::translated(setting.dialect, fault));
            return fault.map(|fault| Act::Fault(u8::try_from(kind).unwrap_or(0), fault));
        }
        left -= weight;
    }
    None
}

/// A fault of this kind. `None` where it means nothing.
fn of_kind(dice: &mut Dice, kind: usize, setting: Setting) -> Option<Fault> {
    Some(match kind {
        0 => Fault::Network { is_there: dice.chance(50) },
        1 => rule(On::Request("text".into()), Effect::Close { code: 1000, reason: String::new(), cut: cut(dice) }),
        2 => closed(dice, &[1001]),
        3 => closed(dice, &[1005]),
        4 => rule(request(dice), Effect::Drop { cut: cut(dice) }),
        5 => closed(dice, &[1008]),
        6 => closed(dice, &[1009]),
        7 => closed(dice, &[1011]),
        8 => closed(dice, &[1012, 1013]),
        9 => {
            let effect = Effect::Status { status: dice.pick(&[503, 502, 429]), retry_after: None, html: false };
            let times = u32::try_from(dice.between(1, 4)).ok();
            Fault::Rule(FaultRule { count: times, ..FaultRule::once(On::Upgrade, effect) })
        }
        10 => rule(anything(dice), Effect::BlackHole { side: Side::Both, ms: spell(dice) }),
        11 => {
            let side = dice.pick(&[Side::FromClient, Side::ToClient]);
            rule(anything(dice), Effect::BlackHole { side, ms: spell(dice) })
        }
        12 if dice.chance(50) => {
            Fault::Latency { most: dice.pick(&[300, 2_000, 8_000, 30_000]), ms: dice.between(100, 10_000) }
        }
        12 => rule(anything(dice), Effect::Delay { ms: dice.roll(8_000), jitter: dice.roll(4_000) }),
        13 => rule(push(dice), Effect::Reorder { ms: dice.between(10, 4_000) }),
        14 => rule(push(dice), Effect::Duplicate),
        15 => Fault::Closing { ms: dice.between(20, 4_000), code: dice.pick(&[1000, 1001, 1005, 1006]) },
        16 => match dice.roll(9) {
            0 => Fault::Expire { announce: dice.chance(50) },
            1 => Fault::End { read_only: dice.chance(70) },
            2 => Fault::Clear,
            3 => rule(request(dice), Effect::Expire { announce: dice.chance(50) }),
            4 => {
                let effect = Effect::Error { code: 400, message: "Deployment not found".into() };
                rule(On::Request("configureSession".into()), effect)
            }
            _ => {
                let code = dice.pick(&[401, 403, 4017, 500, 503]);
                rule(request(dice), Effect::Error { code, message: "Request failed.".into() })
            }
        },
        17 if dice.chance(20) => rule(request(dice), Effect::Error { code: 4029, message: "Too many".into() }),
        17 => {
            let retry_after = dice.pick(&[None, Some(0), Some(1), Some(60)]);
            rule(request(dice), Effect::TooManyRequests { retry_after })
        }
        18 => rule(On::Push("SessionResponse".into()), Effect::Lose),
        19 => Fault::Evict,
        20 => history(dice),
        21..25 if !setting.has_endpoint => return None,
        21 => Fault::Endpoint(dice.pick(&[
            Reply::Status(500, None),
            Reply::Status(503, None),
            Reply::Html,
            Reply::Hang,
            Reply::Status(401, None),
        ])),
        22 => {
            let wait = dice.pick(&[None, Some(0), Some(2), Some(20), Some(3)]);
            Fault::Endpoint(Reply::Status(dice.pick(&[429, 503]), wait))
        }
        23 => Fault::Endpoint(Reply::Late { ms: dice.between(1_000, 9_500), life: dice.between(1, 8) }),
        24 => Fault::Endpoint(Reply::Life(dice.pick(&[0, 5, 1 << 32]))),
        25 => clock(dice, setting),
        26 => {
            let tab = tab(dice, setting);
            match dice.roll(6) {
                0 => Fault::Freeze { tab, ms: dice.pick(&[500, 5_000, 30_000, 300_000]) },
                1 | 2 => Fault::Hide(tab),
                3 => Fault::Show(tab),
                4 => Fault::Cache { tab, ms: dice.pick(&[0, 300, 5_000, 60_000]) },
                _ => Fault::PutAway(tab),
            }
        }
        27 => {
            let tab = tab(dice, setting);
            match dice.roll(6) {
                0 => Fault::Crash(tab),
                1 | 2 => Fault::Reload(tab),
                3 => Fault::KillLeader,
                4 => Fault::LateLoss { ms: dice.roll(2_000) },
                _ => Fault::LosePosts { ms: dice.between(50, 3_000) },
            }
        }
        28 => {
            // Without locks, who loses the shared record begins a conversation of its own; what the others then do is theirs to judge.
            if dice.chance(50) || !setting.has_locks {
                Fault::Storage { unreadable: dice.chance(30), ms: dice.between(100, 10_000) }
            } else {
                Fault::Corrupt(dice.pick(&[Corruption::Gone, Corruption::Garbage, Corruption::OtherVersion]))
            }
        }
        _ => unreachable!("kind {kind}"),
    })
}

fn rule(on: On, effect: Effect) -> Fault {
    Fault::Rule(FaultRule::once(on, effect))
}

fn closed(dice: &mut Dice, codes: &[u16]) -> Fault {
    let code = dice.pick(codes);
    if dice.chance(30) {
        return Fault::CloseAll(code);
    }
    rule(anything(dice), Effect::Close { code, reason: String::new(), cut: cut(dice) })
}

fn history(dice: &mut Dice) -> Fault {
    let ms = dice.roll(2_000);
    let effect = match dice.roll(9) {
        // History lags behind what was accepted by less than the time after which absence from it counts.
        0 | 1 => return rule(On::Request("text".into()), Effect::HistoryLate { ms }),
        2 => Effect::HistoryEmpty,
        3 => Effect::HistoryWithoutIds,
        4 => Effect::Status { status: 503, retry_after: None, html: true },
        5 => Effect::Status { status: 429, retry_after: Some("2".into()), html: false },
        6 => Effect::Hang,
        7 => {
            let effect = Effect::Status { status: dice.pick(&[403, 404]), retry_after: None, html: false };
            return rule(On::Http("config.json".into()), effect);
        }
        _ => Effect::Delay { ms: dice.between(500, 10_000), jitter: 0 },
    };
    rule(On::Http(dice.pick(&["messages", "messages", "messages", "config.json"]).into()), effect)
}

fn clock(dice: &mut Dice, setting: Setting) -> Fault {
    match dice.roll(4) {
        0 => Fault::Clock(dice.pick(&[0, -86_400_000, 86_400_000])),
        1 => {
            let ms = dice.pick(&[1_000, 20_000, 600_000, 43_200_000]);
            Fault::Sleep { ms, stops_clock: dice.chance(50), cuts: dice.chance(50) }
        }
        _ => {
            let to = dice.pick(&[0, 0, 1_000, 60_000]);
            Fault::Throttle { tab: tab(dice, setting), to, late: dice.roll(3_000) }
        }
    }
}

fn cut(dice: &mut Dice) -> Cut {
    dice.pick(&[Cut::BeforeAccept, Cut::AfterAccept, Cut::AfterEcho])
}

fn request(dice: &mut Dice) -> On {
    On::Request(dice.pick(&["text", "text", "text", "*", "configureSession", "getJwt"]).into())
}

fn push(dice: &mut Dice) -> On {
    On::Push(dice.pick(&["*", "Inbound", "Outbound", "SessionResponse"]).into())
}

fn anything(dice: &mut Dice) -> On {
    if dice.chance(60) { request(dice) } else { push(dice) }
}

/// How long a wire is dead; `None` is for good.
fn spell(dice: &mut Dice) -> Option<u64> {
    dice.pick(&[None, Some(500), Some(5_000), Some(60_000)])
}
