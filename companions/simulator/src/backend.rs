//! The pure backend: everything that Genesys' guest messaging service remembers and decides, on whatever clock it is
//! told. This file holds the state and the passing of time; each of its rooms holds one kind of event.

use std::collections::{BTreeMap, HashMap};

use crate::faults::{Faults, Passing, Place};
use crate::random::Random;
use crate::script::Act;
use crate::settings::Settings;
use crate::{Action, Connection, Effect, FaultRule, Refusal};

mod agent;
mod answer;
mod contacts;
mod credentials;
mod guest_line;
mod guests;
mod history;
mod levers;
mod limits;
mod line;
mod receive;
mod rest;
mod saved;
mod session;
mod sign_in;

pub use line::ConnectionReport;
pub use saved::Unreadable;
pub use session::{Accepted, Direction, Kind, SessionReport};

use credentials::Credentials;
use limits::{MINUTE, Window, seconds};
use line::{Line, Parcel};
use receive::Heard;
pub(crate) use session::Row;
use session::Session;
use sign_in::SignIns;

/// The whole service: sessions, transcripts, quotas, faults and the scripted agent.
#[derive(Debug)]
pub struct Backend {
    settings: Settings,
    random: Random,
    faults: Faults,
    lines: BTreeMap<Connection, Line>,
    sessions: BTreeMap<String, Session>,
    /// History JWTs: the session's token and when they end.
    jwts: BTreeMap<String, (String, u64)>,
    sign_ins: SignIns,
    credentials: Credentials,
    /// New connections by deployment, and on the wires that know none by the wire's name.
    arrivals: HashMap<String, Window>,
    /// What happens later, by time and then in the order of scheduling.
    queue: BTreeMap<(u64, u64), Due>,
    scheduled: u64,
    /// What the call in progress returns, or the next one that returns anything.
    out: Vec<Action>,
    /// Since when the latter waits.
    out_since: u64,
    revision: u64,
}

/// Something that happens later.
#[derive(Debug)]
enum Due {
    /// A delayed request arrives, with what faults have in store for it.
    Inbound(Connection, Box<Heard>, Vec<Effect>),
    /// A delayed frame arrives.
    Outbound(Connection, Parcel),
    /// The agent acts, if the conversation is still the same.
    Agent { token: String, conversation: u32, act: Act },
    /// A fault has let a connection open only to close it.
    Cut(Connection, u16, String),
    /// A guest's time is up.
    Alarm(Connection),
}

/// Somebody wants a socket.
struct Arrival<'a> {
    line: Line,
    /// The conversation that it will be about, where that is known.
    token: Option<&'a str>,
    /// Whether it would be let in by what it has shown.
    is_welcome: bool,
    origin: Option<&'a str>,
}

impl Backend {
    /// A backend without any session. `seed` decides every id and every draw.
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            random: Random::new(seed),
            faults: Faults::default(),
            lines: BTreeMap::new(),
            sessions: BTreeMap::new(),
            jwts: BTreeMap::new(),
            sign_ins: SignIns::default(),
            credentials: Credentials::default(),
            arrivals: HashMap::new(),
            queue: BTreeMap::new(),
            scheduled: 0,
            out: Vec::new(),
            out_since: 0,
            revision: 0,
        }
    }

    /// The HTTP upgrade of `/v1?deploymentId=…`; `now` is Unix milliseconds, virtual or real, and never goes back.
    pub fn upgrade(
        &mut self,
        now: u64,
        connection: Connection,
        deployment_id: &str,
        origin: Option<&str>,
    ) -> Result<(), Refusal> {
        let is_welcome = self.settings.deployment(deployment_id).is_some_and(|found| found.active);
        let line = Line::new(now, deployment_id);
        self.admit(now, connection, Arrival { line, token: None, is_welcome, origin })
    }

    /// An upgrade of any wire: the faults first, then whether it is let in, and how many were lately.
    fn admit(&mut self, now: u64, connection: Connection, arrival: Arrival) -> Result<(), Refusal> {
        let Arrival { mut line, token, is_welcome, origin } = arrival;
        let passing = Passing { at: Place::Upgrade, token, connection: Some(connection) };
        let effects = self.faults.strike(&passing, &mut self.random);
        if let Some(refusal) = effects.iter().find_map(refusal) {
            return Err(refusal);
        }
        if !is_welcome || !self.settings.admits(origin) {
            return Err(Refusal { status: 403, retry_after: None });
        }
        let arrivals = self.arrivals.entry(line.deployment.clone()).or_default();
        arrivals
            .take(now, self.settings.limits.connections_per_minute, MINUTE)
            .map_err(|wait| Refusal { status: 429, retry_after: Some(seconds(wait).to_string()) })?;
        for effect in effects {
            match effect {
                Effect::BlackHole { side, ms } => line.black_hole(now, side, ms),
                Effect::Close { code, reason, .. } => {
                    line.ended = true;
                    self.schedule(now, Due::Cut(connection, code, reason));
                }
                Effect::Drop { .. } => {
                    line.ended = true;
                    self.schedule(now, Due::Cut(connection, 1006, String::new()));
                }
                other => unreachable!("{other:?} was refused by FaultRule::check"),
            }
        }
        self.lines.insert(connection, line);
        Ok(())
    }

    /// The client closed, or vanished and was noticed. A client that vanishes unnoticed keeps its place in the session.
    pub fn disconnect(&mut self, _now: u64, connection: Connection) {
        self.disarm(connection);
        self.leave_session(connection);
        self.lines.remove(&connection);
        self.out.retain(|action| action.connection() != connection);
    }

    /// What this connection has said and a fault holds back is lost: for whoever simulates a network that loses what is under way.
    pub fn lose_delayed(&mut self, connection: Connection) {
        self.queue.retain(|_, due| !matches!(due, Due::Inbound(of, ..) if *of == connection));
    }

    /// Everything that is due by now: the agent's words, delayed frames, expiry.
    pub fn advance(&mut self, now: u64) -> Vec<Action> {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Due::Inbound(connection, heard, effects) => {
                    self.arrived(now, connection, &heard, effects);
                }
                Due::Outbound(connection, parcel) => self.arrive(now, connection, parcel),
                Due::Agent { token, conversation, act } => self.agent_acts(now, &token, conversation, act),
                Due::Cut(connection, code, reason) => self.cut(connection, code, &reason),
                Due::Alarm(connection) => self.ring(now, connection),
            }
        }
        let expired = |session: &&Session| session.ends().is_some_and(|end| end <= now);
        let expired: Vec<String> =
            self.sessions.values().filter(expired).map(|session| session.token.clone()).collect();
        for token in expired {
            self.expire_session(now, &token, true);
        }
        self.take_out()
    }

    /// When [`Backend::advance`] has something to do next. A time in the past means at once.
    pub fn next_due(&self) -> Option<u64> {
        let queued = self.queue.keys().next().map(|&(at, _)| at);
        let expiry = self.sessions.values().filter_map(Session::ends);
        let waiting = (!self.out.is_empty()).then_some(self.out_since);
        expiry.chain(queued).chain(waiting).min()
    }

    /// What was really accepted under this token, in order, over all its conversations. Here and wherever else a session's
    /// token is asked for, a conversation of another [`Wire`](crate::Wire) than Web Messaging goes by its id.
    pub fn transcript(&self, token: &str) -> Vec<Accepted> {
        let rows = self.sessions.get(token).map_or(&[][..], |session| &session.rows);
        rows.iter().map(Row::accepted).collect()
    }

    /// The same from the `from`th row on: for whoever looks again and again, whenever [`Backend::revision`] has moved.
    pub fn accepted_since(&self, token: &str, from: usize) -> impl Iterator<Item = Accepted> {
        let rows = self.sessions.get(token).map_or(&[][..], |session| &session.rows);
        rows.iter().skip(from).map(Row::accepted)
    }

    /// The tokens of the sessions known, in no particular order.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.sessions.keys().map(String::as_str)
    }

    /// The session that this connection was configured for, while it is connected.
    pub fn token_of(&self, connection: Connection) -> Option<&str> {
        self.lines.get(&connection)?.token.as_deref()
    }

    /// Puts a fault in force.
    ///
    /// # Panics
    /// When [`FaultRule::check`] refuses it: a test that asks for the impossible should hear of it.
    pub fn inject(&mut self, fault: FaultRule) {
        assert_eq!(fault.check(), Ok(()));
        self.faults.inject(fault);
    }

    /// Lifts all faults. What they already did stays done, and what they delayed stays under way.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The rules in force, with how often each has struck.
    pub fn faults(&self) -> impl Iterator<Item = (&FaultRule, u32)> {
        self.faults.list()
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Other settings, from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What is connected, in the order of the connections' names.
    pub fn connections(&self) -> Vec<ConnectionReport> {
        self.lines.iter().map(|(&connection, line)| line.report(connection)).collect()
    }

    /// The sessions known, in the order of their creation.
    pub fn sessions(&self) -> Vec<SessionReport> {
        let mut sessions: Vec<&Session> = self.sessions.values().collect();
        sessions.sort_by_key(|session| session.number);
        sessions.into_iter().map(Session::report).collect()
    }

    /// Counts what happened to sessions and transcripts; whoever persists them saves when it has changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Its place in the queue.
    fn schedule(&mut self, at: u64, due: Due) -> (u64, u64) {
        self.scheduled += 1;
        let place = (at, self.scheduled);
        self.queue.insert(place, due);
        place
    }

    /// What the call in progress has caused is due at once, for it cannot return it. Whatever is called next does, before
    /// anything else: a connection may be closed in the meantime, and must have heard everything by then.
    fn leave_out(&mut self, now: u64) {
        self.out_since = now;
    }

    fn take_out(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.out)
    }

    /// The deployment of a session's connections, or the defaults if it was removed from the settings meanwhile.
    fn deployment_of(&self, token: &str) -> crate::Deployment {
        let id = self.sessions.get(token).map_or("", |session| session.deployment.as_str());
        self.settings.deployment(id).cloned().unwrap_or_default()
    }
}

/// The status with which a fault refuses an upgrade.
fn refusal(effect: &Effect) -> Option<Refusal> {
    match effect {
        Effect::Status { status, retry_after, .. } => {
            Some(Refusal { status: *status, retry_after: retry_after.clone() })
        }
        _ => None,
    }
}
