//! Tabs and outbox as a state machine: visitors' and browsers' doings in every order, against a model that knows no more than what was
//! written where. A failure shrinks to the few doings that matter, and prints them with the seed.
//!
//! `PROPTEST_CASES=…` sets how many are run, `PROPTEST_RNG_SEED=…` which.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

#[path = "tabs/browser.rs"]
#[allow(dead_code, reason = "a world with more in it than this needs")]
mod browser;

use std::sync::atomic::{AtomicU64, Ordering};

use browser::{Browser, Page};
use chat_proto::io::{Command, Connectivity};
use chat_proto::message::{Content, SendState};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use simulator::{Cut, Effect, FaultRule, On, Settings};

const CASES: u32 = 10_000;

/// They are run side by side, each with a seed of its own.
const PARTS: u32 = 4;
const MOST_TABS: usize = 3;

/// How long everything may take to be well again: a wait of the longest kind, a settling history, a question about what is unsure.
const HEALING: u64 = 240_000;

#[test]
fn whatever_happens_to_tabs_each_message_is_accepted_once_and_in_order() {
    let mut config = Config { failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let cases = config.cases;
    if let RngSeed::Fixed(seed) = config.rng_seed {
        run(config, seed);
    } else {
        std::thread::scope(|scope| {
            for seed in 1..=PARTS {
                let config = Config { cases: cases.div_ceil(PARTS), ..config.clone() };
                scope.spawn(move || run(config, seed.into()));
            }
        });
    }
    let tally = TALLY.each_ref().map(|it| it.load(Ordering::Relaxed));
    eprintln!("{cases} cases: {tally:?} written, taken over, cut");
    // Doings that do nothing prove nothing.
    if cases >= 1_000 {
        let [written, taken_over, cut] = tally;
        let cases = u64::from(cases);
        assert!(written > cases * 2 && taken_over > cases / 2 && cut > cases, "{tally:?}");
    }
}

fn run(config: Config, seed: u64) {
    let config = Config { rng_seed: RngSeed::Fixed(seed), ..config };
    let mut runner = TestRunner::new(config.clone());
    let outcome = runner.run(&Written::sequential_strategy(4..32), |(written, doings, seen)| {
        World::test_sequential(config.clone(), written, doings, seen);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}\nPROPTEST_RNG_SEED={seed} PROPTEST_CASES={} cargo test --test machine", config.cases);
    }
}

/// Over all cases: messages written, changes of who leads, connections cut.
static TALLY: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

fn count(what: usize, times: usize) {
    TALLY[what].fetch_add(times as u64, Ordering::Relaxed);
}

/// What somebody or something does.
#[derive(Clone, Debug)]
enum Doing {
    Write(usize),
    Draft(usize),
    Open(usize),
    Close(usize),
    OpenTab,
    CloseTab(usize),
    CrashTab(usize),
    Freeze(usize),
    Thaw(usize),
    LosePosts(bool),
    Network(Connectivity),
    /// The next text is cut short here.
    CutText(Cut),
    /// Every connection is closed with this code.
    Disconnect(u16),
    AgentSays,
    Pass(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Live,
    Frozen,
    Gone,
}

/// The model: which tabs there are, and what was written in which, in order.
#[derive(Clone, Debug)]
struct Written {
    /// History says which message a row is.
    has_ids: bool,
    tabs: Vec<Life>,
    texts: Vec<(usize, String)>,
}

impl Written {
    fn with(&self, life: Life) -> Vec<usize> {
        (0..self.tabs.len()).filter(|at| self.tabs[*at] == life).collect()
    }
}

impl ReferenceStateMachine for Written {
    type State = Self;
    type Transition = Doing;

    fn init_state() -> BoxedStrategy<Self> {
        let new = |(has_ids, tabs)| Self { has_ids, tabs: vec![Life::Live; tabs], texts: Vec::new() };
        (prop::bool::weighted(0.7), 1..=MOST_TABS).prop_map(new).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Doing> {
        let mut doings = vec![
            (2, prop_oneof![Just(Doing::LosePosts(true)), Just(Doing::LosePosts(false))].boxed()),
            (1, Just(Doing::Network(Connectivity::Offline)).boxed()),
            (1, Just(Doing::Network(Connectivity::Online)).boxed()),
            (
                3,
                prop::sample::select(vec![Cut::BeforeAccept, Cut::AfterAccept, Cut::AfterEcho])
                    .prop_map(Doing::CutText)
                    .boxed(),
            ),
            (1, prop::sample::select(vec![1000, 1001, 1006, 1011]).prop_map(Doing::Disconnect).boxed()),
            (2, Just(Doing::AgentSays).boxed()),
            (8, prop::sample::select(vec![1, 40, 600, 3_000, 11_000, 40_000]).prop_map(Doing::Pass).boxed()),
        ];
        let live = state.with(Life::Live);
        if !live.is_empty() {
            let mut of_live = |weight, doing: fn(usize) -> Doing| {
                doings.push((weight, prop::sample::select(live.clone()).prop_map(doing).boxed()));
            };
            of_live(8, Doing::Write);
            of_live(1, Doing::Draft);
            of_live(1, Doing::Open);
            of_live(1, Doing::Close);
            of_live(2, Doing::CloseTab);
            of_live(2, Doing::CrashTab);
            of_live(2, Doing::Freeze);
        }
        let frozen = state.with(Life::Frozen);
        if !frozen.is_empty() {
            doings.push((3, prop::sample::select(frozen.clone()).prop_map(Doing::Thaw).boxed()));
            doings.push((1, prop::sample::select(frozen.clone()).prop_map(Doing::CrashTab).boxed()));
        }
        if live.len() + frozen.len() < MOST_TABS {
            doings.push((4, Just(Doing::OpenTab).boxed()));
        }
        prop::strategy::Union::new_weighted(doings).boxed()
    }

    fn preconditions(state: &Self, doing: &Doing) -> bool {
        let is = |at: usize, life| state.tabs.get(at) == Some(&life);
        match *doing {
            Doing::CrashTab(at) => is(at, Life::Live) || is(at, Life::Frozen),
            Doing::Thaw(at) => is(at, Life::Frozen),
            Doing::Write(at) | Doing::Draft(at) | Doing::Open(at) | Doing::Close(at) => is(at, Life::Live),
            Doing::CloseTab(at) | Doing::Freeze(at) if !is(at, Life::Live) => false,
            _ => true,
        }
    }

    fn apply(mut state: Self, doing: &Doing) -> Self {
        match *doing {
            Doing::Write(at) => state.texts.push((at, format!("{} of {at}", state.texts.len()))),
            Doing::OpenTab => state.tabs.push(Life::Live),
            Doing::CloseTab(at) | Doing::CrashTab(at) => state.tabs[at] = Life::Gone,
            Doing::Freeze(at) => state.tabs[at] = Life::Frozen,
            Doing::Thaw(at) => state.tabs[at] = Life::Live,
            _ => {}
        }
        state
    }
}

/// The thing itself: tabs, one storage, one channel, one lock, and the simulator's backend.
struct World {
    browser: Browser,
    agent_said: usize,
    leader: Option<usize>,
}

impl StateMachineTest for World {
    type SystemUnderTest = Self;
    type Reference = Written;

    fn init_test(written: &Written) -> Self {
        let mut browser = Browser::new(written.tabs.len());
        browser.backend.set_settings(Settings { history_shows_client_id: written.has_ids, ..Settings::quiet() });
        Self { browser, agent_said: 0, leader: None }
    }

    fn apply(mut world: Self, written: &Written, doing: Doing) -> Self {
        let browser = &mut world.browser;
        match doing {
            Doing::Write(at) => {
                browser.send(at, &written.texts.last().unwrap().1);
                count(0, 1);
            }
            Doing::Draft(at) => browser.say(at, Command::Draft(format!("draft of {at}"))),
            Doing::Open(at) => browser.say(at, Command::Open),
            Doing::Close(at) => browser.say(at, Command::Close),
            Doing::OpenTab => drop(browser.open_tab()),
            Doing::CloseTab(at) => browser.close(at),
            Doing::CrashTab(at) => browser.crash(at),
            Doing::Freeze(at) => browser.tabs[at].is_frozen = true,
            Doing::Thaw(at) => browser.thaw(at),
            Doing::LosePosts(is_deaf) => browser.is_deaf = is_deaf,
            Doing::Network(is) => browser.set_network(is),
            Doing::CutText(cut) => {
                browser.backend.inject(FaultRule::once(On::Request("text".into()), Effect::Drop { cut }));
                count(2, 1);
            }
            Doing::Disconnect(code) => {
                count(2, browser.sockets());
                browser.cut(code);
            }
            Doing::AgentSays if browser.backend.sessions().is_empty() => {}
            Doing::AgentSays => {
                // Rows of one millisecond have no order.
                browser.run_for(1);
                browser.agent_says(&world.agent_said.to_string());
                world.agent_said += 1;
            }
            Doing::Pass(span) => browser.run_for(span),
        }
        let leader = world.browser.leaders().into_iter().find(|at| !world.browser.tabs[*at].is_frozen);
        if leader.is_some() && leader != world.leader {
            count(1, usize::from(world.leader.is_some()));
            world.leader = leader;
        }
        world
    }

    fn check_invariants(world: &Self, written: &Written) {
        let browser = &world.browser;
        world.check_what_was_accepted(written);
        let awake = browser.tabs.iter().filter(|page| !page.is_frozen);
        assert!(awake.map(Page::sockets).sum::<usize>() <= 1, "two sockets at once");
        assert!(
            browser.leaders().iter().filter(|at| !browser.tabs[**at].is_frozen).count() <= 1,
            "two tabs lead at once"
        );
        for page in browser.tabs.iter().filter(|page| page.tab.is_some()) {
            let screen = page.texts();
            for (at, text) in screen.iter().enumerate() {
                assert!(!screen[..at].contains(text), "{text:?} is shown twice: {:?}", page.screen());
            }
        }
    }

    /// The weather clears, the visitor looks and waits. What was written is there then, or the visitor is asked.
    fn teardown(mut world: Self, written: Written) {
        world.heal(&written);
        let mut waited = 0;
        while waited < HEALING && world.what_is_wrong(&written).is_some() {
            world.browser.run_for(5_000);
            waited += 5_000;
            Self::check_invariants(&world, &written);
        }
        assert_eq!(world.what_is_wrong(&written), None, "after {waited} ms");
    }
}

impl World {
    fn heal(&mut self, written: &Written) {
        let browser = &mut self.browser;
        browser.backend.clear_faults();
        browser.is_deaf = false;
        for at in written.with(Life::Frozen) {
            browser.thaw(at);
        }
        browser.set_network(Connectivity::Online);
        let live = browser.tabs.iter().position(|page| page.tab.is_some());
        let at = live.unwrap_or_else(|| browser.open_tab());
        browser.say(at, Command::Open);
    }

    /// The visitor's messages at the backend.
    fn accepted(&self) -> Vec<String> {
        if self.browser.backend.sessions().is_empty() {
            return Vec::new();
        }
        self.browser.transcript().into_iter().filter(|text| !text.starts_with("agent: ")).collect()
    }

    /// None twice, and those of one tab as they were written.
    fn check_what_was_accepted(&self, written: &Written) {
        let accepted = self.accepted();
        let place = |text| written.texts.iter().position(|(_, it)| it == text).expect("something written");
        let places: Vec<usize> = accepted.iter().map(place).collect();
        for (at, place) in places.iter().enumerate() {
            assert!(!places[..at].contains(place), "accepted twice: {accepted:?}");
            let tab = written.texts[*place].0;
            let earlier = places[..at].iter().filter(|it| written.texts[**it].0 == tab);
            assert!(earlier.max() <= Some(place), "accepted out of order: {accepted:?}");
        }
    }

    /// Why this is not the end that everything must come to.
    fn what_is_wrong(&self, written: &Written) -> Option<String> {
        let browser = &self.browser;
        if browser.backend.sessions().is_empty() {
            return Some("there is no session".into());
        }
        let accepted = self.accepted();
        let live: Vec<&Page> = browser.tabs.iter().filter(|page| page.tab.is_some()).collect();
        let asked = live[0].asked();
        for (_, text) in &written.texts {
            if !accepted.contains(text) && !asked.contains(text) {
                return Some(format!("{text:?} is lost: {accepted:?}, asked {asked:?}, {:?}", live[0].screen()));
            }
        }
        let mut transcript = browser.transcript();
        transcript.retain(|text| !asked.contains(text));
        for page in live {
            let mut screen = page.screen();
            screen.retain(|line| !line.ends_with(" (unconfirmed)"));
            if page.asked() != asked || screen != transcript {
                return Some(format!("a tab shows {:?}, the backend has {transcript:?}", page.screen()));
            }
        }
        (browser.leaders().len() != 1 || browser.sockets() != 1)
            .then(|| format!("{:?} lead, with {} sockets", browser.leaders(), browser.sockets()))
    }
}

impl Page {
    /// Every text on the screen.
    fn texts(&self) -> Vec<&str> {
        let texts = self.items.iter().filter_map(|item| match &item.content {
            Content::Inbound(message) => Some(message.text.as_str()),
            Content::Outbound(message) => Some(message.text.as_str()),
            Content::Notice(_) => None,
        });
        texts.collect()
    }

    /// What the visitor is asked about.
    fn asked(&self) -> Vec<String> {
        let asked = |content: &Content| match content {
            Content::Inbound(message) if message.state == SendState::Unconfirmed { ask: true } => {
                Some(message.text.clone())
            }
            _ => None,
        };
        self.items.iter().filter_map(|item| asked(&item.content)).collect()
    }
}
