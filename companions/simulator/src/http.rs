//! HTTP as the backend sees it: a request and a response as plain data, so that REST can be driven on virtual time.

use std::collections::BTreeMap;

/// A REST request. Everything the backend looks at, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, `DELETE`, `OPTIONS`, in capitals.
    pub method: String,
    /// The path without the query, e.g. `/api/v2/webmessaging/messages`.
    pub path: String,
    /// The query without `?`, as on the wire; may be empty.
    pub query: String,
    /// The few headers that matter.
    pub headers: Headers,
    /// The body; may be empty.
    pub body: String,
}

/// The request headers that the backend reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Authorization`, whole: `bearer …`.
    pub authorization: Option<String>,
    /// `Origin`, as a browser sends it. History is refused without one, as the real service does.
    pub origin: Option<String>,
}

/// What the backend answers, and when it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case; one value each.
    pub headers: BTreeMap<String, String>,
    /// The body; may be empty.
    pub body: String,
    /// Faults may hold an answer back; whoever drives the backend keeps to this.
    pub delivery: Delivery,
}

/// When a response reaches the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// At once.
    #[default]
    Now,
    /// So many milliseconds later.
    After(u64),
    /// Not at all: the request hangs until the client gives up.
    Never,
}

impl Request {
    /// A `GET` as a page at `origin` would make it. `target` is the path with an optional `?query`.
    pub fn get(target: &str, origin: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: "GET".into(),
            path: path.into(),
            query: query.into(),
            headers: Headers { authorization: None, origin: Some(origin.into()) },
            body: String::new(),
        }
    }

    /// The same request with `Authorization: bearer <jwt>`.
    #[must_use]
    pub fn bearer(mut self, jwt: &str) -> Self {
        self.headers.authorization = Some(format!("bearer {jwt}"));
        self
    }

    /// The token of `Authorization: bearer …`; the scheme's case does not matter.
    pub(crate) fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.headers.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// A whole number from the query.
    pub(crate) fn number(&self, name: &str) -> Option<Result<u64, ()>> {
        let (_, value) = self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?;
        Some(value.parse().map_err(|_| ()))
    }
}

impl Response {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        Self { status, headers, body: body.to_string(), delivery: Delivery::Now }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: BTreeMap::new(), body: String::new(), delivery: Delivery::Now }
    }

    /// A refusal, worded as the platform's public API words one.
    pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "status": status, "code": code, "message": message }))
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }
}
