//! The rules by which a message goes from a tab to the backend, as a model small enough to be explored to the end: two tabs, three
//! messages, at most four faults, one token's life. What holds here holds in every order of events, and each rule is needed: without
//! it the checker finds how a message is lost, repeated or overtaken.
#![cfg(not(target_arch = "wasm32"))]

use stateright::{Checker, HasDiscoveries, Model, Property};

const MESSAGES: u8 = 3;
const FAULTS: u8 = 4;

/// Who writes which message: the first tab, the second, the first again.
const WRITER: [usize; MESSAGES as usize] = [0, 1, 0];

/// How far the leader's record says that a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fate {
    Unsent,
    /// It left, and nobody knows.
    Unknown,
}

/// One tab. What it knows of the record is what it read when it began to lead, and has written since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Tab {
    is_frozen: bool,
    /// The reign that it leads in.
    reign: Option<u8>,
    outbox: Vec<(u8, Fate)>,
    link: Link,
    /// It is being taken: the first half of that has been done.
    in_hand: Option<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Link {
    #[default]
    Down,
    /// The backend knows us; history has not been read.
    Greeted,
    /// History has been read.
    Online,
}

/// A frame on its way, of a tab's socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flight {
    tab: usize,
    message: u8,
    /// It has been accepted, and the echo is under way.
    is_echo: bool,
    /// Its socket is gone. It may arrive all the same.
    is_cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    tabs: [Tab; 2],
    written: u8,
    /// Handed over, one key each.
    keys: Vec<u8>,
    record: Vec<(u8, Fate)>,
    reign: u8,
    flight: Option<Flight>,
    accepted: Vec<u8>,
    faults: u8,
    /// The token that sockets are opened with is good.
    has_token: bool,
    may_expire: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The next message is written, in its tab.
    Write,
    /// The tab gets the lock, or steals it from one that is frozen.
    Lead(usize),
    /// The leader takes the first message that was handed over.
    Take(usize),
    /// The second half of that.
    Finish(usize),
    Connect(usize),
    /// History is read, and every unknown fate judged by it.
    Replay(usize),
    Send(usize),
    Accept,
    Echo,
    /// What was cut does not arrive.
    Lose,
    Renew,
    // Faults.
    Cut(usize),
    Crash(usize),
    Freeze(usize),
    Expire,
    // What ends a fault.
    Thaw(usize),
}

/// The rules, each of which can be left out.
#[expect(clippy::struct_excessive_bools, reason = "rules, each on its own")]
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// The record is written before the key is removed.
    keeps_before_removing: bool,
    /// Who was replaced stands down before it does anything.
    fences: bool,
    /// History is read before anything is sent.
    replays_first: bool,
    /// That history does not have it counts only when what is on its way has settled.
    waits_to_settle: bool,
    /// That a message leaves is written before it does.
    marks_before_sending: bool,
}

const ALL: Rules = Rules {
    keeps_before_removing: true,
    fences: true,
    replays_first: true,
    waits_to_settle: true,
    marks_before_sending: true,
};

impl World {
    fn leads(&self, at: usize) -> bool {
        self.tabs[at].reign.is_some() && !self.tabs[at].is_frozen
    }

    fn drop_link(&mut self, at: usize) {
        self.tabs[at].link = Link::Down;
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.tab == at) {
            flight.is_cut = true;
        }
        self.flight = self.flight.take().filter(|flight| !(flight.is_cut && flight.is_echo));
    }

    /// The first of its outbox, if nothing of its own is in flight.
    fn sendable(&self, at: usize, rules: Rules) -> Option<usize> {
        let tab = &self.tabs[at];
        let is_ready = tab.link == Link::Online || !rules.replays_first && tab.link == Link::Greeted;
        // Whoever begins to lead removes what keys are left of what the record has, before anything is sent.
        let is_taken = tab.outbox.iter().all(|(message, _)| !self.keys.contains(message));
        let is_free = tab.in_hand.is_none() && is_taken && self.flight.as_ref().is_none_or(|flight| flight.tab != at);
        let (_, fate) = tab.outbox.first()?;
        (is_ready && is_free && (*fate == Fate::Unsent || !rules.replays_first)).then_some(0)
    }
}

impl Model for Rules {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            tabs: [Tab::default(), Tab::default()],
            written: 0,
            keys: Vec::new(),
            record: Vec::new(),
            reign: 0,
            flight: None,
            accepted: Vec::new(),
            faults: 0,
            has_token: true,
            may_expire: true,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.written < MESSAGES && !world.tabs[WRITER[usize::from(world.written)]].is_frozen {
            steps.push(Step::Write);
        }
        for at in 0..2 {
            let (tab, other) = (&world.tabs[at], &world.tabs[1 - at]);
            if tab.is_frozen {
                steps.push(Step::Thaw(at));
                continue;
            }
            if tab.reign.is_none() && (other.reign.is_none() || other.is_frozen) {
                steps.push(Step::Lead(at));
            }
            if world.leads(at) {
                match tab.in_hand {
                    Some(_) => steps.push(Step::Finish(at)),
                    None if !world.keys.is_empty() => steps.push(Step::Take(at)),
                    None => {}
                }
                match tab.link {
                    Link::Down if world.has_token => steps.push(Step::Connect(at)),
                    Link::Greeted => steps.push(Step::Replay(at)),
                    Link::Down | Link::Online => {}
                }
                if world.sendable(at, *self).is_some() {
                    steps.push(Step::Send(at));
                }
            }
            if world.faults < FAULTS {
                steps.extend([Step::Crash(at), Step::Freeze(at)]);
                if tab.link != Link::Down {
                    steps.push(Step::Cut(at));
                }
            }
        }
        match &world.flight {
            Some(flight) if flight.is_echo => steps.push(Step::Echo),
            Some(flight) => {
                steps.push(Step::Accept);
                if flight.is_cut {
                    steps.push(Step::Lose);
                }
            }
            None => {}
        }
        if !world.has_token {
            steps.push(Step::Renew);
        } else if world.may_expire && world.faults < FAULTS {
            steps.push(Step::Expire);
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        match step {
            Step::Write => {
                next.keys.push(next.written);
                next.written += 1;
            }
            Step::Lead(at) => {
                next.reign += 1;
                let outbox = next.record.clone();
                next.tabs[at] = Tab { reign: Some(next.reign), outbox, ..Tab::default() };
            }
            // The other half may never come.
            Step::Take(at) => {
                let message = next.keys[0];
                next.tabs[at].in_hand = Some(message);
                if self.keeps_before_removing {
                    keep(&mut next, at, message);
                } else {
                    next.keys.remove(0);
                }
            }
            Step::Finish(at) => {
                let message = next.tabs[at].in_hand.take()?;
                if self.keeps_before_removing {
                    next.keys.retain(|it| *it != message);
                } else {
                    keep(&mut next, at, message);
                }
            }
            Step::Connect(at) => next.tabs[at].link = Link::Greeted,
            Step::Replay(at) => {
                if self.waits_to_settle && next.flight.as_ref().is_some_and(|flight| !flight.is_echo) {
                    return None;
                }
                let accepted = next.accepted.clone();
                let is_found = |message, fate| fate == Fate::Unknown && accepted.contains(&message);
                next.tabs[at].outbox.retain(|(message, fate)| !is_found(*message, *fate));
                for (_, fate) in &mut next.tabs[at].outbox {
                    *fate = Fate::Unsent;
                }
                next.tabs[at].link = Link::Online;
                next.record = next.tabs[at].outbox.clone();
            }
            Step::Send(at) => {
                let place = next.sendable(at, *self)?;
                next.tabs[at].outbox[place].1 = Fate::Unknown;
                let message = next.tabs[at].outbox[place].0;
                if self.marks_before_sending {
                    next.record = next.tabs[at].outbox.clone();
                }
                let flight = Flight { tab: at, message, is_echo: false, is_cut: false };
                // One frame at a time is on its way; what is one more is sent when that has arrived.
                if next.flight.replace(flight).is_some_and(|other| !other.is_echo) {
                    return None;
                }
            }
            Step::Accept => {
                let flight = next.flight.as_mut()?;
                next.accepted.push(flight.message);
                flight.is_echo = true;
                if flight.is_cut {
                    next.flight = None;
                }
            }
            Step::Lose => next.flight = None,
            Step::Echo => {
                let Flight { tab: at, message, .. } = next.flight.clone()?;
                // A frozen tab hears nothing.
                if next.tabs[at].is_frozen {
                    return None;
                }
                next.flight = None;
                next.tabs[at].outbox.retain(|(it, _)| *it != message);
                next.record = next.tabs[at].outbox.clone();
            }
            Step::Renew => next.has_token = true,
            Step::Cut(at) => {
                next.faults += 1;
                next.drop_link(at);
            }
            Step::Crash(at) => {
                next.faults += 1;
                next.drop_link(at);
                next.tabs[at] = Tab::default();
            }
            Step::Freeze(at) => {
                next.faults += 1;
                next.tabs[at].is_frozen = true;
            }
            Step::Expire => {
                next.faults += 1;
                (next.has_token, next.may_expire) = (false, false);
                // The backend closes what was greeted with it, the hello's socket included.
                for at in 0..2 {
                    next.drop_link(at);
                }
            }
            Step::Thaw(at) => {
                next.tabs[at].is_frozen = false;
                if self.fences && next.tabs[at].reign.is_some_and(|reign| reign < next.reign) {
                    next.drop_link(at);
                    next.tabs[at] = Tab::default();
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is accepted twice", |_, world: &World| {
                let accepted = &world.accepted;
                accepted.iter().enumerate().all(|(at, message)| !accepted[..at].contains(message))
            }),
            Property::always("what one tab wrote is accepted in its order", |_, world: &World| {
                let place = |message| world.accepted.iter().position(|it| *it == message);
                place(2).is_none() || place(0) < place(2) && place(0).is_some()
            }),
            Property::always("what is not accepted is kept somewhere", |_, world: &World| {
                let is_kept = |message| {
                    world.keys.contains(&message)
                        || world.record.iter().any(|(it, _)| *it == message)
                        || world.tabs.iter().any(|tab| tab.in_hand == Some(message))
                };
                (0..world.written).all(|message| world.accepted.contains(&message) || is_kept(message))
            }),
            Property::always("nobody waits for ever", |rules, world: &World| {
                let mut steps = Vec::new();
                rules.actions(world, &mut steps);
                let is_going_on = steps.iter().any(|step| {
                    !matches!(step, Step::Cut(_) | Step::Crash(_) | Step::Freeze(_) | Step::Expire)
                        && rules.next_state(world, *step).is_some()
                });
                is_going_on || world.accepted.len() == usize::from(MESSAGES)
            }),
            Property::sometimes("everything is accepted after four faults", |_, world: &World| {
                world.faults == FAULTS && world.accepted.len() == usize::from(MESSAGES)
            }),
        ]
    }
}

/// Into the record, unless one that died before the key was gone had come so far.
fn keep(world: &mut World, at: usize, message: u8) {
    if world.tabs[at].outbox.iter().all(|(it, _)| *it != message) {
        world.tabs[at].outbox.push((message, Fate::Unsent));
    }
    world.record = world.tabs[at].outbox.clone();
}

#[test]
fn no_order_of_events_loses_repeats_or_overtakes_a_message() {
    let checker = ALL.checker().threads(2).spawn_bfs().join();
    eprintln!("{} states explored to the end, {} deep", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
    assert!(checker.unique_state_count() > 10_000, "a model that small shows nothing");
}

#[test]
fn each_rule_is_needed() {
    let without = [
        ("keeps_before_removing", Rules { keeps_before_removing: false, ..ALL }),
        ("fences", Rules { fences: false, ..ALL }),
        ("waits_to_settle", Rules { waits_to_settle: false, ..ALL }),
        ("replays_first", Rules { replays_first: false, ..ALL }),
        ("marks_before_sending", Rules { marks_before_sending: false, ..ALL }),
    ];
    for (rule, rules) in without {
        let checker = rules.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        let mut broken: Vec<_> = checker.discoveries().into_iter().collect();
        broken.retain(|(name, _)| !name.starts_with("everything"));
        broken.sort_by_key(|(name, _)| *name);
        let names: Vec<_> = broken.iter().map(|(name, path)| (*name, path.clone().into_actions().len())).collect();
        eprintln!("without {rule}: {names:?}");
        assert!(!names.is_empty(), "{rule} is not needed");
    }
}
