//! The site's token endpoint, as its contract describes it: the same token for as long as the session lives.

use std::collections::VecDeque;

use chat_proto::io::{Method, NetError, Request, Response};
use chat_proto::json::Value;

pub struct Endpoint {
    /// The life of what it grants, in seconds.
    pub life: u64,
    /// When the page is to renew it, if the endpoint has a say in that; in seconds.
    pub renew_in: Option<u64>,
    /// What whoever is about to connect is told to wait, in milliseconds; `None` if it gives no places in line.
    pub connect_after: Option<u64>,
    /// What it answers next, instead of a grant; then it grants again.
    pub next: VecDeque<Reply>,
    /// When it was asked, and for which session.
    pub asked: Vec<(u64, String)>,
    /// When it was asked by somebody about to connect.
    pub connecting: Vec<u64>,
    /// How many of those gave an unused place back.
    pub unused: usize,
    /// When the last grant was given, and for how long, in milliseconds.
    granted: Option<(u64, u64)>,
    sessions: u32,
}

pub enum Reply {
    /// With a `Retry-After`, in milliseconds.
    Status(u16, Option<u64>),
    Html,
    Hang,
    Unreachable,
    /// A JSON body that is no grant.
    NoGrant,
    /// `null`.
    Null,
    /// A grant of another token than before, for the same session.
    Changed(String),
    /// A grant with a place in line, asked for or not.
    ConnectAfter(u64),
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            life: 3_600,
            renew_in: None,
            connect_after: None,
            next: VecDeque::new(),
            asked: Vec::new(),
            connecting: Vec::new(),
            unused: 0,
            granted: None,
            sessions: 1,
        }
    }
}

impl Endpoint {
    pub fn answer(&mut self, request: &Request, now: u64) -> Result<Response, NetError> {
        assert_eq!(request.method, Method::Post);
        assert!(request.with_cookies && request.authorization.is_none());
        let body = request.body.as_ref().expect("a body");
        let session = body.at("session").as_str().expect("which session").to_owned();
        if session == "new" {
            self.sessions += 1;
        }
        self.asked.push((now, session));
        let is_connecting = body.at("connecting").as_bool() == Some(true);
        if is_connecting {
            self.connecting.push(now);
        }
        let is_unused = body.at("unused").as_bool() == Some(true);
        assert!(is_connecting || !is_unused, "only who wants another gives one back");
        self.unused += usize::from(is_unused);
        let slot = self.connect_after.filter(|_| is_connecting);
        let kept = format!("granted-{}", self.sessions);
        let (status, retry_after, body) = match self.next.pop_front() {
            None => (200, None, Some(self.grant(now, &kept, slot))),
            Some(Reply::Changed(token)) => (200, None, Some(self.grant(now, &token, slot))),
            Some(Reply::ConnectAfter(wait)) => (200, None, Some(self.grant(now, &kept, Some(wait)))),
            Some(Reply::Status(status, retry_after)) => (status, retry_after, None),
            Some(Reply::Html) => (200, None, None),
            Some(Reply::NoGrant) => (200, None, Some(Value::object([("access_token", "granted".into())]))),
            Some(Reply::Null) => (200, None, Some(Value::Null)),
            Some(Reply::Hang) => return Err(NetError::Timeout),
            Some(Reply::Unreachable) => return Err(NetError::Failed),
        };
        Ok(Response { status, retry_after, body })
    }

    fn grant(&mut self, now: u64, token: &str, slot: Option<u64>) -> Value {
        self.granted = Some((now, self.life.saturating_mul(1_000)));
        Value::object([
            ("token", token.into()),
            ("expires_in", self.life.into()),
            ("renew_in", self.renew_in.into()),
            ("connect_after_ms", slot.into()),
        ])
    }

    /// A token of this life was granted in its place.
    pub fn granted(&mut self, now: u64, life: u64) {
        self.granted = Some((now, life * 1_000));
    }

    /// Whether the newest token is far enough from its end that a socket may be opened with it: ten seconds, or a tenth of a short life.
    pub fn is_good(&self, now: u64) -> bool {
        self.granted.is_some_and(|(at, life)| now < at.saturating_add(life - (life / 10).min(10_000)))
    }

    pub fn requests(&self) -> usize {
        self.asked.len()
    }
}
