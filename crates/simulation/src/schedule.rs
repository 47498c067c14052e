//! A schedule: what the visitor, the agent and the weather do, step by step, as data. It is drawn from a seed before the run begins,
//! so that steps can be left out without changing the others. Nothing here does anything.

use std::fmt;

use simulator::FaultRule;

/// The wire that is spoken where none is named.
pub const WEB_MESSAGING: &str = "web-messaging";

/// How many kinds of fault there are: F0 to F28.
pub const KINDS: usize = 29;

/// What each kind of fault is, by number.
pub const KIND_NAMES: [&str; KINDS] = [
    "no network",
    "closed with 1000 around a text",
    "closed with 1001",
    "closed with 1005",
    "cut in mid-frame (1006)",
    "closed with 1008",
    "closed with 1009",
    "closed with 1011",
    "closed with 1012 or 1013",
    "handshakes refused",
    "half-open black hole",
    "one way lost",
    "latency and jitter",
    "frames out of order",
    "frames twice",
    "sent into a closing socket",
    "errors of the session",
    "rate limits called",
    "no session response",
    "evicted",
    "history or settings troubled",
    "token endpoint down",
    "token endpoint busy",
    "token expired in flight",
    "token lives of 0 s, 5 s, 2^32 s",
    "clocks, sleep, late timers",
    "frozen, hidden, put away",
    "crash, reload, two leaders, lost posts",
    "storage fails",
];

/// A whole schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What it was drawn from; also decides latencies and every id of the run.
    pub seed: u64,
    /// In which circumstances.
    pub setting: Setting,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// The circumstances of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What is spoken, as `data-dialect` has it.
    pub dialect: &'static str,
    /// The life of a token where nothing is wrong with it, in seconds.
    pub life: u64,
    /// How many tabs the visitor uses, one to six.
    pub tabs: usize,
    /// The page has a token endpoint; otherwise the widget makes its own token.
    pub has_endpoint: bool,
    /// The endpoint gives places in line (`connect_after_ms`) to those who are about to connect.
    pub gives_places: bool,
    /// When the endpoint wants its grants renewed (`renew_in`), in seconds.
    pub renew_in: Option<u64>,
    /// The browser has Web Locks.
    pub has_locks: bool,
    /// One way through the network takes so long, in milliseconds; drawn for each packet.
    pub latency: (u64, u64),
}

/// One thing that happens, and how long nothing else does afterwards.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its place in the schedule as it was drawn. Survives shrinking.
    pub number: usize,
    /// What happens.
    pub act: Act,
    /// The pause after it, in milliseconds.
    pub pause: u64,
}

/// What can happen. Tabs are named by their place, from 0.
#[derive(Clone, Debug)]
pub enum Act {
    /// The visitor does something in this tab; a tab that is not there is opened first.
    Visitor(usize, Visitor),
    /// The agent writes.
    AgentSays,
    /// The agent types.
    AgentTypes,
    /// The weather.
    Fault(u8, Fault),
}

/// What a visitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Opens the panel.
    Open,
    /// Closes it.
    Close,
    /// Writes a message; `long` is more than the backend takes.
    Write {
        /// Longer than the backend takes.
        long: bool,
    },
    /// Types without sending, or empties the composer.
    Draft,
    /// Sends the first failed or doubtful message again.
    Retry,
    /// Takes the first failed or doubtful message out.
    Discard,
    /// Clicks "try now".
    TryNow,
    /// Clicks whatever is offered where the conversation has stopped.
    GoOn,
    /// Scrolls back.
    LoadEarlier,
}

/// One fault.
#[derive(Clone, Debug)]
pub enum Fault {
    /// One that the backend carries out.
    Rule(FaultRule),
    /// Every connection is closed with this code.
    CloseAll(u16),
    /// Packets take longer, for so long.
    Latency {
        /// The longest way, in milliseconds.
        most: u64,
        /// How long that lasts, in milliseconds.
        ms: u64,
    },
    /// Sockets are closing: what is sent is silently dropped, and only then are they closed.
    Closing {
        /// How long they are closing, in milliseconds.
        ms: u64,
        /// The close code.
        code: u16,
    },
    /// The session expires at the backend, with an event or silently.
    Expire {
        /// With an event.
        announce: bool,
    },
    /// The agent ends the conversation.
    End {
        /// Nothing more can be written.
        read_only: bool,
    },
    /// The conversation is cleared.
    Clear,
    /// Every connection of the session loses its place.
    Evict,
    /// The token endpoint answers so, the next time it is asked.
    Endpoint(Reply),
    /// The wall clock is off by so many milliseconds.
    Clock(i64),
    /// The machine sleeps.
    Sleep {
        /// How long, in milliseconds.
        ms: u64,
        /// The monotonic clock stops meanwhile.
        stops_clock: bool,
        /// The connections do not survive it, and nobody tells.
        cuts: bool,
    },
    /// This tab's timers fire late, and only at multiples of this many milliseconds.
    Throttle {
        /// Which tab.
        tab: usize,
        /// Timers are aligned to this.
        to: u64,
        /// And so late on top of it.
        late: u64,
    },
    /// This tab does nothing for so long.
    Freeze {
        /// Which tab.
        tab: usize,
        /// How long, in milliseconds.
        ms: u64,
    },
    /// This tab is hidden.
    Hide(usize),
    /// This tab is shown.
    Show(usize),
    /// This tab is navigated away from; its page says goodbye.
    PutAway(usize),
    /// The same, and it comes back as it was (out of the back/forward cache, or thawed), unless the tab is used otherwise meanwhile.
    Cache {
        /// Which tab.
        tab: usize,
        /// How long it is away, in milliseconds.
        ms: u64,
    },
    /// This tab is gone without a word.
    Crash(usize),
    /// This tab is gone without a word and there again.
    Reload(usize),
    /// The tab that holds the lock is gone without a word.
    KillLeader,
    /// A lock that is stolen is missed so late, from now on.
    LateLoss {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// Posts between tabs are lost, for so long.
    LosePosts {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// Storage refuses, for so long.
    Storage {
        /// It refuses to be read, too.
        unreadable: bool,
        /// How long, in milliseconds.
        ms: u64,
    },
    /// A record of the storage is overwritten with this.
    Corrupt(Corruption),
    /// The browser's network goes or comes.
    Network {
        /// It is there.
        is_there: bool,
    },
}

/// What a record of the storage becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// It is gone.
    Gone,
    /// It is something else.
    Garbage,
    /// It is of an older or a newer version of the widget.
    OtherVersion,
}

/// What the token endpoint answers instead of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This status, perhaps with a `Retry-After` of so many seconds.
    Status(u16, Option<u64>),
    /// A page of HTML with 200.
    Html,
    /// Nothing at all.
    Hang,
    /// A grant, so late.
    Late {
        /// In milliseconds.
        ms: u64,
        /// The token's life, in seconds.
        life: u64,
    },
    /// A grant that lives so many seconds.
    Life(u64),
}

impl fmt::Display for Schedule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { tabs, has_endpoint, gives_places, renew_in, has_locks, latency: (least, most), .. } =
            self.setting;
        let token = match (has_endpoint, gives_places) {
            (false, _) => "a token of its own",
            (true, false) => "a token endpoint",
            (true, true) => "a token endpoint that gives places in line",
        };
        let renewal = renew_in.map_or(String::new(), |seconds| format!(", renewals after {seconds} s"));
        let locks = if has_locks { "locks" } else { "no locks" };
        let wire = match self.setting.dialect {
            WEB_MESSAGING => String::new(),
            dialect => format!("{dialect}, tokens of {} s, ", self.setting.life),
        };
        writeln!(
            to,
            "seed {}: {wire}{tabs} tab(s), {token}{renewal}, {locks}, {least} to {most} ms each way",
            self.seed
        )?;
        for step in &self.steps {
            writeln!(to, "{:>4}  {}, then {} ms", step.number, step.act, step.pause)?;
        }
        Ok(())
    }
}

impl fmt::Display for Act {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor(tab, visitor) => write!(to, "visitor in tab {tab}: {visitor:?}"),
            Self::AgentSays => to.write_str("the agent writes"),
            Self::AgentTypes => to.write_str("the agent types"),
            Self::Fault(kind, fault) => write!(to, "F{kind} {}: {fault}", KIND_NAMES[usize::from(*kind)]),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => {
                let times = rule.count.map_or("always".to_owned(), |count| format!("{count} time(s)"));
                write!(to, "on {:?}, {times}: {:?}", rule.on, rule.effect)
            }
            other => write!(to, "{other:?}"),
        }
    }
}
