//! The table of transitions: every arrow of it is really taken, and ARCHITECTURE.md shows it as it is. That no arrow is missing is
//! asserted by the session itself at every step of every test.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chat_proto::io::{Command, Input};
use chat_proto::phase::{ConnectionStatus, GROUPS, State, TRANSITIONS};
use chat_proto::session::Session;
use common::{Dice, Reply, Rig};
use simulator::{Backend, Effect, FaultRule, On, Settings};

type Edges = BTreeSet<(State, State)>;
/// How often each was taken.
type Taken = BTreeMap<(State, State), usize>;

/// Enough that each arrow is taken several times over.
const RUNS: u64 = 4_000;

#[test]
fn every_transition_of_the_table_is_taken() {
    let known: Edges = TRANSITIONS.iter().flat_map(|edge| edge.from.iter().map(|from| (*from, edge.to))).collect();
    let mut taken = Taken::new();
    let mut steps = 0;
    for seed in 1..=RUNS {
        steps += wander(seed, &mut taken);
    }
    eprint!("{} of {} transitions in {steps} steps of {RUNS} runs", taken.len(), known.len());
    match taken.iter().min_by_key(|(_, count)| **count) {
        Some(((from, to), count)) => eprintln!("; rarest: {} to {}, {count} times", from.word(), to.word()),
        None => eprintln!(),
    }
    let missed: Vec<_> = known.iter().filter(|edge| !taken.contains_key(edge)).collect();
    assert!(missed.is_empty(), "in the table and never taken: {missed:?}");
}

#[test]
fn no_transition_is_in_the_table_twice() {
    let mut seen = Edges::new();
    for edge in TRANSITIONS {
        for from in edge.from {
            assert!(*from != edge.to && seen.insert((*from, edge.to)), "{from:?} to {:?}", edge.to);
        }
    }
}

#[test]
fn the_architecture_shows_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (before, rest) = page.split_once("<!-- states -->\n").expect("a marker");
    let (shown, after) = rest.split_once("<!-- /states -->\n").expect("its end");
    let drawn = diagram();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}<!-- states -->\n{drawn}<!-- /states -->\n{after}")).expect("written");
    } else {
        assert_eq!(shown, drawn, "UPDATE_DOCS=1 cargo test --test states writes it anew");
    }
}

/// Half a hundred random words of the visitor, the backend, the endpoint and the network. Gives how many transitions there were.
fn wander(seed: u64, taken: &mut Taken) -> usize {
    let mut dice = Dice::new(seed);
    let mut rig = Rig::with(seed, Settings::quiet(), dice.chance(70));
    rig.latency = (1 + dice.roll(50), 60 + dice.roll(1_500));
    rig.endpoint.life = [5, 8, 60][usize::try_from(dice.roll(3)).expect("small")];
    rig.endpoint.renew_in = Some(10).filter(|_| dice.chance(50));
    rig.endpoint.connect_after = [None, None, Some(500)][usize::try_from(dice.roll(3)).expect("small")];
    let mut steps = 0;
    for _ in 0..50 {
        if dice.chance(5) {
            steps += take(&rig.session, taken);
            rig.reload();
        }
        let has_session = !rig.backend.sessions().is_empty();
        match dice.roll(25) {
            0 | 1 => rig.say(Command::Open),
            2 => rig.send("hello"),
            3..=5 => rig.say(Command::NewChat),
            6 => rig.say(Command::UseHere),
            7 | 8 => rig.say(Command::TryNow),
            9 => rig.close_all(if dice.chance(80) { 1006 } else { 1008 }),
            10 => rig.go_offline(),
            11 | 12 => rig.go_online(),
            13 | 14 if has_session => {
                pull(&mut rig, |backend, now, token| backend.disconnect_conversation(now, token, true));
            }
            15 if has_session => pull(&mut rig, Backend::evict),
            16 if has_session => pull(&mut rig, Backend::clear),
            17 if has_session => pull(&mut rig, |backend, now, token| backend.expire(now, token, true)),
            18 | 19 => {
                rig.endpoint.next.extend([401, 401].map(|status| Reply::Status(status, None)));
                // A token that is renewed while a new socket is opened, and the socket takes its time.
                if dice.chance(50) {
                    rig.cut();
                    rig.run_for(rig.latency.1);
                    let usual = std::mem::replace(&mut rig.latency, (100, 9_000));
                    rig.run_for(1_200);
                    rig.latency = (1, 20);
                    rig.run_for(9_000);
                    rig.latency = usual;
                }
            }
            20 => rig.endpoint.next.push_back(Reply::Status(503, None)),
            21 => {
                let action = ["configureSession", "closeSession", "getJwt", "text"];
                let action = action[usize::try_from(dice.roll(4)).expect("small")];
                let code = [400, 401, 4006, 4007, 500][usize::try_from(dice.roll(5)).expect("small")];
                let error = Effect::Error { code, message: "no".into() };
                rig.backend.inject(FaultRule::once(On::Request(action.into()), error));
            }
            22 => {
                let unavailable = Effect::Status { status: 503, retry_after: None, html: false };
                rig.backend.inject(match dice.roll(3) {
                    0 => FaultRule::once(On::Upgrade, unavailable),
                    _ => FaultRule::once(On::Push("SessionResponse".into()), Effect::Lose),
                });
            }
            23 => {
                let status = [403, 503][usize::try_from(dice.roll(2)).expect("small")];
                let page = On::Http(["config.json", "messages"][usize::try_from(dice.roll(2)).expect("small")].into());
                rig.backend.inject(FaultRule::once(page, Effect::Status { status, retry_after: None, html: false }));
            }
            _ => rig.hand_in(Input::Visible),
        }
        // Shorter than a way there and back as often as not, so that every state is met by everything.
        let pause = [30, 200, 1_000, 8_000][usize::try_from(dice.roll(4)).expect("small")];
        rig.run_for(dice.roll(pause));
    }
    // What stopped while there was no network is wanted again.
    if dice.chance(50) {
        rig.go_offline();
        rig.say(if rig.status == ConnectionStatus::Evicted { Command::UseHere } else { Command::NewChat });
        rig.say(Command::TryNow);
        rig.say(Command::Open);
    }
    steps + take(&rig.session, taken)
}

fn pull(rig: &mut Rig, lever: impl FnOnce(&mut Backend, u64, &str) -> Vec<simulator::Action>) {
    let token = rig.token();
    rig.backend_does(|backend, now| lever(backend, now, &token));
}

fn take(session: &Session, taken: &mut Taken) -> usize {
    for step in session.journal() {
        *taken.entry((step.from, step.to)).or_default() += 1;
    }
    session.journal().count()
}

/// The table as a mermaid diagram: a group of states is a box, and an arrow from all of a group is an arrow from the box.
fn diagram() -> String {
    let mut lines = String::from("```mermaid\nstateDiagram-v2\n");
    for group in GROUPS {
        let is_outermost = !GROUPS.iter().any(|other| is_inside(group, other));
        if is_outermost {
            draw(group, "    ", &mut lines);
        }
    }
    lines += "    [*] --> idle\n";
    for edge in TRANSITIONS {
        let group = GROUPS.iter().find(|(_, members)| *members == edge.from);
        let sources = group.map_or_else(|| edge.from.iter().map(|from| from.word()).collect(), |(name, _)| vec![*name]);
        for source in sources {
            writeln!(lines, "    {source} --> {}: {}", edge.to.word(), edge.why).expect("a string");
        }
    }
    lines + "```\n"
}

type Group = (&'static str, &'static [State]);

fn draw(group: &Group, indent: &str, lines: &mut String) {
    let (name, members) = group;
    let deeper = format!("{indent}    ");
    writeln!(lines, "{indent}state {name} {{").expect("a string");
    let inner = GROUPS.iter().filter(|inner| is_inside(inner, group)).max_by_key(|(_, members)| members.len());
    if let Some(inner) = inner {
        draw(inner, &deeper, lines);
    }
    let (_, boxed) = inner.copied().unwrap_or_default();
    for state in members.iter().filter(|state| !boxed.contains(state)) {
        writeln!(lines, "{deeper}{}", state.word()).expect("a string");
    }
    writeln!(lines, "{indent}}}").expect("a string");
}

fn is_inside((_, inner): &Group, (_, outer): &Group) -> bool {
    inner.len() < outer.len() && inner.iter().all(|state| outer.contains(state))
}
