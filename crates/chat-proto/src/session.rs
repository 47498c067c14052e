//! The whole machine: one `match` over what comes in, and below `session/` what it does about it, by subject. Nothing outside these
//! files changes the [`Phase`], and only they arm timers.
//!
//! The order that everything rests on: a token in hand, then a socket, then our hello, then **history first** (what was missed is
//! merged, and our own messages found there are confirmed), and only **then** what is still unsent. Sending first repeated messages in
//! every one of 2,999 simulated link deaths; asking first in none.

#[cfg(feature = "wires")]
mod asking;
mod connect;
mod hearing;
mod liveness;
mod reading;
mod relay;
mod replay;
mod sending;
mod tokens;

use alloc::{format, string::String, vec::Vec};

use crate::backoff::Backoff;
use crate::config::Config;
use crate::credential::Grant;
use crate::dialect::{ClientOp, Deployment, Habits, Speaker, Wire};
use crate::io::{Command, Connectivity, Event, Input, Output, Request, SocketEvent, SocketId};
use crate::journal::{Journal, Transition};
use crate::json::Value;
use crate::message::LocalId;
use crate::outbox::Outbox;
use crate::pending::{Asked, Pending};
use crate::phase::{ConnectionStatus, Phase, is_allowed};
use crate::problem::{Advice, Problem};
use crate::random::Random;
use crate::snapshot::{SharedRecord, Snapshot, TabRecord};
use crate::tab::Known;
use crate::time::{Instant, Now, SECOND, Timestamp};
use crate::timeline::Timeline;
use crate::timer::{Timer, TimerTable};
use crate::trace;
use crate::window::Window;

use liveness::{Liveness, Rates};
use reading::Reading;
use relay::Relay;
use replay::Replay;
use tokens::TokenSupply;

pub(crate) use sending::append;

/// One visitor's conversation in one tab.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each read where it matters; the phase holds the rest"
)]
pub struct Session {
    config: Config,

    /// When the last input came.
    clock: Now,
    phase: Phase,
    journal: Journal,
    /// The close code, status or protocol code of the present input, for the journal.
    cause: u16,
    last_socket: u32,
    /// Who speaks on the present socket: with the token that it was opened with, unless the wire takes a newer one in its place.
    speaker: Speaker,
    /// The second socket on the way to replace the present one, and the one that was replaced and is heard out.
    relay: Relay,
    /// The message that went by HTTP and is not answered yet.
    posted: Option<LocalId>,
    /// How many in a row were not answered.
    unposted: u32,
    liveness: Liveness,
    rates: Rates,
    backoff: Backoff,
    /// Sockets in a row that never opened.
    unopened: u32,
    /// Sockets in a row that opened, and were closed without a word: at the hello; and soon after it was answered, with nothing taken.
    unheard: [u32; 2],
    /// The second word of a hello goes right behind the first.
    #[cfg(feature = "wires")]
    is_in_haste: bool,
    /// How often the backend said that it does not know our session, since it last took a message.
    strangeness: u32,
    /// Closes that speak of a misunderstanding between the two sides.
    misunderstandings: Window,
    has_network: bool,
    /// The backend has accepted us in this conversation, so that an attempt now is one to come *back*.
    was_accepted: bool,
    /// It leads no reign: other tabs have sessions of their own.
    is_alone: bool,
    /// The visitor asked for a new chat and it has not begun yet.
    wants_new_chat: bool,
    deployment: Option<Deployment>,

    /// The `traceparent` of the conversation, from the first time on that something is to be told it.
    trace: Option<String>,
    grant: Option<Grant>,
    supply: TokenSupply,

    timeline: Timeline,
    outbox: Outbox,
    /// The next message may not be sent before: the pace, or a limit that the backend called.
    send_gate: Instant,
    replay: Replay,
    reading: Reading,
    /// There is a conversation to come back to after a reload.
    is_live: bool,
    /// It has ended and can only be read: it is come back to when the visitor opens the panel, and not before.
    is_over: bool,

    timers: TimerTable,
    pending: Pending,
    random: Random,

    out: Vec<Output>,
    is_unsaved: bool,
    /// What the visitor can do about the latest trouble.
    advice: Option<Advice>,
    /// What was last said of the connection.
    shown: (ConnectionStatus, Option<Advice>),
    shown_full: bool,
}

impl Session {
    /// A session that has said nothing yet. `saved` is what an earlier page kept; `seed` must come from a source of real
    /// randomness, or every visitor would wait the same "random" time.
    pub fn new(config: Config, saved: Snapshot, seed: u64) -> Self {
        let Snapshot { shared, tab } = saved;
        let is_live = shared.is_some();
        let shared = shared.unwrap_or_default();
        Self {
            clock: Now { mono: Instant::default(), wall: Timestamp::default() },
            phase: Phase::Idle,
            journal: Journal::default(),
            cause: 0,
            last_socket: 0,
            speaker: Speaker::default(),
            relay: Relay::default(),
            posted: None,
            unposted: 0,
            liveness: Liveness::default(),
            rates: Rates::default(),
            backoff: Backoff::default(),
            unopened: 0,
            unheard: [0; 2],
            #[cfg(feature = "wires")]
            is_in_haste: false,
            strangeness: 0,
            misunderstandings: Window::default(),
            has_network: true,
            was_accepted: false,
            is_alone: false,
            wants_new_chat: false,
            deployment: None,
            grant: shared.token.filter(|_| config.token_url.is_none()).map(Grant::own),
            supply: TokenSupply::default(),
            trace: shared.trace,
            timeline: Timeline::default(),
            outbox: Outbox::restore(tab.outbox),
            send_gate: Instant::default(),
            replay: Replay::default(),
            reading: Reading::restore(tab.is_open && is_live && !shared.is_over, tab.draft, shared.read_up_to),
            is_live,
            is_over: shared.is_over,
            timers: TimerTable::default(),
            pending: Pending::default(),
            random: Random::new(seed),
            out: Vec::new(),
            is_unsaved: false,
            advice: None,
            shown: (ConnectionStatus::Idle, None),
            shown_full: false,
            config,
        }
    }

    /// Goes on where another tab stood: with what it has shown, and with ids that nobody has used. `reign` counts the sessions of this
    /// browser. To be called before [`Session::start`].
    pub(crate) fn inherit(&mut self, now: Now, reign: u64, known: &Known) -> Vec<Output> {
        // Lines of 2²⁴, and of 2²⁸ sessions, before a key is no whole number in JavaScript any more; questions and sockets of 2¹⁶.
        self.timeline.inherit(known.items.clone(), reign << 24);
        #[expect(clippy::cast_possible_truncation, reason = "ids of sessions so far apart never meet")]
        let first = (reign as u32) << 16;
        self.last_socket = first;
        self.pending.count_from(first);
        self.shown = known.standing;
        self.is_alone = reign == 0;
        if self.timeline.rows() > 0 {
            self.was_accepted = true;
            self.replay.inherit(now, known.complete_up_to, known.has_more);
        }
        // Where nobody tells what was missed, a conversation that nothing is known of may have gone on all the same.
        if cfg!(feature = "wires") && !self.habits().has_history {
            self.was_accepted |= self.is_live;
        }
        // What waits comes back out of storage.
        if known.is_anything_shown {
            self.tell(Event::Timeline(self.timeline.reset()));
        }
        core::mem::take(&mut self.out)
    }

    /// Shows what was restored, and comes back to the conversation if there is one that lives. Without one it does nothing at all.
    pub fn start(&mut self, now: Now) -> Vec<Output> {
        self.clock = now;
        self.outbox.settle_at(now.mono + self.config.timings.settle);
        self.show_restored();
        if self.is_live && !self.is_over {
            self.begin(now);
        }
        self.finish(now)
    }

    /// Takes one input in and returns all there is to do about it, in order.
    pub fn handle_input(&mut self, now: Now, input: Input) -> Vec<Output> {
        let (has_slept, is_timeout) = (self.has_slept(now), matches!(input, Input::Timeout));
        self.clock = now;
        // Before a deadline that has passed is believed, but after everything else: that may be why the page woke.
        if has_slept && is_timeout {
            self.on_sleep(now);
        }
        match input {
            Input::Command(command) => self.on_command(now, command),
            Input::Socket(id, event) if self.phase.socket() == Some(id) => self.on_socket(now, id, event),
            Input::Socket(id, event) if self.relay.is_of(id) => self.on_relay(now, id, event),
            // A socket that was given up: whatever it says is about a connection that is no more. And what is a tab's business.
            Input::Socket(..) | Input::Lock(_) | Input::Heard(_) | Input::Leaving => {}
            Input::Response(id, result) => {
                self.cause = result.as_ref().map_or(0, |response| response.status);
                match self.pending.answer(id) {
                    Some(Asked::Deployment) => self.on_deployment(now, result),
                    Some(Asked::Token(asked)) => self.on_token(now, asked, result),
                    Some(Asked::History { .. }) => self.on_history(now, result),
                    Some(Asked::Text { attempt }) => self.on_posted(now, attempt, result),
                    // Forgotten, or asked in another way.
                    Some(Asked::OwnToken) | None => {}
                }
            }
            Input::Minted(id, token) => {
                if self.pending.answer(id).is_some() {
                    self.on_minted(now, token.0);
                }
            }
            Input::Network(Connectivity::Online) => self.on_network_back(now),
            Input::Network(Connectivity::Offline) => self.on_network_gone(now),
            Input::Visible => self.on_visible(now),
            Input::Hidden => self.on_hidden(),
            Input::Shared(record) => self.on_shared(record),
            Input::Timeout => self.on_timeout(now),
            Input::Handed(kept) => self.take_over(now, kept),
        }
        if has_slept && !is_timeout {
            self.on_sleep(now);
        }
        self.finish(now)
    }

    /// When to come back with [`Input::Timeout`]. Late is fine.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The last transitions, oldest first.
    pub fn journal(&self) -> impl Iterator<Item = &Transition> {
        self.journal.iter()
    }

    /// The only writer of the phase. A state that is entered again with other data is no transition.
    fn enter(&mut self, now: Now, phase: Phase) {
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            debug_assert!(is_allowed(from, to), "no such transition: {from:?} to {to:?}");
            self.journal.note(Transition { at: now.wall, from, to, code: core::mem::take(&mut self.cause) });
        }
    }

    fn on_command(&mut self, now: Now, command: Command) {
        match command {
            Command::Open => self.open(now),
            Command::Close => self.close(),
            Command::Send(text) => self.send(now, text),
            Command::Draft(text) => self.on_draft(now, text),
            Command::Retry(id) => self.retry(now, &id),
            Command::Discard(id) => self.discard(now, &id),
            Command::TryNow => self.try_now(now),
            Command::UseHere => self.use_here(now),
            Command::NewChat => self.new_chat(now),
            Command::LoadEarlier => self.load_earlier(now),
        }
    }

    fn on_socket(&mut self, now: Now, id: SocketId, event: SocketEvent) {
        match event {
            SocketEvent::Opened => self.on_opened(now, id),
            SocketEvent::Frame(frame) => {
                self.heard(now);
                match self.config.dialect().decode_frame(&frame) {
                    Ok(events) => self.on_server_events(now, id, events),
                    Err(_) => self.on_unreadable(),
                }
            }
            SocketEvent::Unreadable => {
                self.heard(now);
                self.on_unreadable();
            }
            SocketEvent::Closed { code } => self.on_closed(now, code),
        }
    }

    fn on_timeout(&mut self, now: Now) {
        let due = |session: &mut Self, timer| session.timers.take_if_due(timer, now.mono);
        if due(self, Timer::Acknowledge) && !self.counts_as_taken(now) && !self.was_said_before(now)
            || due(self, Timer::Answer)
            || due(self, Timer::ProbeAnswer)
        {
            self.on_silence(now);
        }
        if cfg!(feature = "wires") && due(self, Timer::Relay) {
            self.on_relay_due(now);
        }
        if due(self, Timer::Probe) {
            self.on_quiet(now);
        }
        if due(self, Timer::Renew) {
            self.renew(now);
        }
        if due(self, Timer::HistoryAnswer) {
            self.history_failed(now, 0, None);
        }
        if due(self, Timer::Lookup) {
            self.catch_up(now);
        }
        if due(self, Timer::AgentTyping) {
            self.agent_stopped_typing();
        }
        if due(self, Timer::SaveDraft) {
            self.is_unsaved = true;
        }
        if due(self, Timer::Flush) {
            self.flush(now);
        }
        if due(self, Timer::Countdown) {
            self.on_countdown(now);
        }
        if due(self, Timer::Reconnect) {
            self.begin(now);
        }
    }

    fn habits(&self) -> &'static Habits {
        self.config.dialect().habits()
    }

    fn encode(&mut self, op: &ClientOp<'_>) -> Option<Wire> {
        let trace = self.random.uuid();
        self.config.dialect().encode(&self.config, &self.speaker, &trace, op)
    }

    /// Says this on the socket. A wire that has no such word says nothing.
    fn say(&mut self, socket: SocketId, op: &ClientOp<'_>) {
        if let Some(Wire::Frame(frame)) = self.encode(op) {
            self.send_frame(socket, frame);
        }
    }

    fn send_frame(&mut self, socket: SocketId, frame: Value) {
        self.rates.frames.note(self.clock.mono, self.config.timings.frames_span);
        self.out.push(Output::SendFrame(socket, frame));
    }

    /// Asks this by HTTP, if the wire has it there.
    fn ask(&mut self, asked: Asked, op: &ClientOp<'_>) {
        if let Some(Wire::Http(request)) = self.encode(op) {
            self.request(asked, request);
        }
    }

    fn request(&mut self, asked: Asked, mut request: Request) {
        if cfg!(feature = "wires") && self.config.tracing.as_ref().is_some_and(|tracing| tracing.is_for(&request.url)) {
            request.trace = self.trace();
        }
        let id = self.pending.ask(asked);
        self.out.push(Output::Request(id, request));
    }

    /// The `traceparent` of the conversation, if it is to be traced.
    fn trace(&mut self) -> Option<String> {
        self.config.tracing.as_ref().filter(|_| cfg!(feature = "wires"))?;
        if self.trace.is_none() {
            self.trace = Some(trace::begin(&mut self.random));
            self.is_unsaved = true;
        }
        self.trace.clone()
    }

    fn tell(&mut self, event: Event) {
        self.out.push(Output::Event(event));
    }

    fn report(&mut self, problem: Problem) {
        self.advice = problem.advice();
        self.tell(Event::Problem(problem));
    }

    /// Ends every input: what is to be kept is kept before anything is said, and what is to be shown is shown.
    fn finish(&mut self, now: Now) -> Vec<Output> {
        self.cause = 0;
        self.show_unread();
        self.show_full();
        self.show_status(now);
        let mut outputs = core::mem::take(&mut self.out);
        if core::mem::take(&mut self.is_unsaved) {
            self.timers.stop(Timer::SaveDraft);
            outputs.insert(0, Output::Save(self.snapshot()));
        }
        outputs
    }

    /// What is to be kept, as it is now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let own_token = self.grant.as_ref().filter(|grant| grant.is_own()).map(|grant| grant.token().into());
        Snapshot {
            shared: self.is_live.then_some(SharedRecord {
                token: own_token,
                read_up_to: self.reading.read_up_to,
                is_over: self.is_over,
                trace: self.trace.clone(),
            }),
            tab: TabRecord {
                is_open: self.reading.is_open && self.is_live && !self.is_over,
                draft: self.reading.draft.clone(),
                outbox: self.outbox.kept(),
            },
        }
    }

    fn show_status(&mut self, now: Now) {
        let status = self.status(now);
        // What to do about a trouble is said for as long as it lasts.
        if !matches!(status, ConnectionStatus::Reconnecting { .. } | ConnectionStatus::Refused) {
            self.advice = None;
        }
        let shown = (status, self.advice);
        if shown != self.shown {
            self.shown = shown;
            self.tell(Event::Status(status, self.advice));
        }
    }

    fn status(&self, now: Now) -> ConnectionStatus {
        match self.phase {
            Phase::Idle => ConnectionStatus::Idle,
            Phase::Starting | Phase::Connecting(_) | Phase::Handshaking(_) | Phase::Replaying(_) => {
                if self.was_accepted || !self.backoff.is_first() {
                    ConnectionStatus::Reconnecting { next_try_in: None }
                } else {
                    ConnectionStatus::Connecting
                }
            }
            Phase::Restarting(_) => ConnectionStatus::Connecting,
            Phase::Online(_) => ConnectionStatus::Online,
            Phase::ReadOnly(_) => ConnectionStatus::ReadOnly,
            Phase::Backoff { until } => {
                let seconds = until.since(now.mono).div_ceil(SECOND);
                ConnectionStatus::Reconnecting { next_try_in: u32::try_from(seconds).ok() }
            }
            Phase::Offline => ConnectionStatus::Offline,
            Phase::Evicted => ConnectionStatus::Evicted,
            Phase::Expired => ConnectionStatus::Expired,
            Phase::Refused => ConnectionStatus::Refused,
            Phase::Misconfigured => ConnectionStatus::Misconfigured,
        }
    }
}

/// Never prints a token or what was written.
impl core::fmt::Debug for Session {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.write_str(&format!("Session({:?})", self.phase))
    }
}
