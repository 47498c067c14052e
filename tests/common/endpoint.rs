//! The site's token endpoint, as its contract describes it: the same token for as long as the session lives.

use std::collections::VecDeque;

use chat_proto::io::{Method, Request, Response, RetryAfter};
use chat_proto::json::Value;

pub struct Endpoint {
    /// The life of what it grants, in seconds.
    pub life: u64,
    /// What it answers next, instead of a grant; then it grants again.
    pub next: VecDeque<Reply>,
    /// When it was asked, and for which session.
    pub asked: Vec<(u64, String)>,
    sessions: u32,
}

pub enum Reply {
    Status(u16, Option<RetryAfter>),
    Html,
    Hang,
    /// A grant of another token than before, for the same session.
    Changed(String),
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { life: 3_600, next: VecDeque::new(), asked: Vec::new(), sessions: 1 }
    }
}

impl Endpoint {
    /// `None` if it never answers.
    pub fn answer(&mut self, request: &Request, now: u64) -> Option<Response> {
        assert_eq!(request.method, Method::Post);
        assert!(request.with_cookies && request.authorization.is_none());
        let session = request.body.as_ref().expect("a body").at("session").as_str().expect("which session").to_owned();
        if session == "new" {
            self.sessions += 1;
        }
        self.asked.push((now, session));
        let grant = |token: &str| Value::object([("token", token.into()), ("expires_in", self.life.into())]);
        let (status, retry_after, body) = match self.next.pop_front() {
            None => (200, None, grant(&format!("granted-{}", self.sessions))),
            Some(Reply::Changed(token)) => (200, None, grant(&token)),
            Some(Reply::Status(status, retry_after)) => (status, retry_after, Value::Null),
            Some(Reply::Html) => (200, None, Value::Null),
            Some(Reply::Hang) => return None,
        };
        Some(Response { status, retry_after, body })
    }

    pub fn requests(&self) -> usize {
        self.asked.len()
    }
}
