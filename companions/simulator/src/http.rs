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

impl Delivery {
    /// Held back for both of these reasons.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Now, late) | (late, Self::Now) => late,
            (Self::After(one), Self::After(other)) => Self::After(one + other),
        }
    }
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

    /// A `POST` as a program would make it that is no page: without an origin.
    pub fn post(path: &str, body: &str) -> Self {
        Self { method: "POST".into(), path: path.into(), body: body.into(), ..Self::default() }
    }

    /// The same request with `Authorization: Basic …`, as an OAuth client names itself.
    #[must_use]
    pub fn basic(mut self, id: &str, secret: &str) -> Self {
        self.headers.authorization = Some(format!("Basic {}", base64(&format!("{id}:{secret}"))));
        self
    }

    /// The same request with `Authorization: bearer <jwt>`.
    #[must_use]
    pub fn bearer(mut self, jwt: &str) -> Self {
        self.headers.authorization = Some(format!("bearer {jwt}"));
        self
    }

    /// The token of `Authorization: bearer …`; the scheme's case does not matter.
    pub(crate) fn bearer_token(&self) -> Option<&str> {
        self.credentials("bearer")
    }

    /// Whether `Authorization: Basic …` names this client.
    pub(crate) fn is_from_client(&self, id: &str, secret: &str) -> bool {
        self.credentials("basic") == Some(&base64(&format!("{id}:{secret}")))
    }

    fn credentials(&self, wanted: &str) -> Option<&str> {
        let (scheme, credentials) = self.headers.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then_some(credentials.trim())
    }

    /// A whole number from the query.
    pub(crate) fn number(&self, name: &str) -> Option<Result<u64, ()>> {
        let value = parameter(&self.query, name)?;
        Some(value.parse().map_err(|_| ()))
    }
}

/// A parameter of a query or of a form, decoded.
pub(crate) fn parameter(pairs: &str, name: &str) -> Option<String> {
    let (_, value) = pairs.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name)?;
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| behind.get(..2)).flatten();
        let escaped = escaped.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

/// RFC 4648, with padding.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or_default()));
        for digit in 0..4 {
            let is_padding = digit > group.len();
            encoded.push(if is_padding { '=' } else { char::from(DIGITS[bits >> (18 - 6 * digit) & 63]) });
        }
    }
    encoded
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_encoded_as_the_rfc_has_it() {
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text), encoded);
        }
    }

    #[test]
    fn a_parameter_is_found_by_its_whole_name_and_decoded() {
        let query = "mytoken=no&token=a%2Bb%20c+d%zz%é&token=second";
        assert_eq!(parameter(query, "token").as_deref(), Some("a+b c d%zz%é"));
        assert_eq!(parameter(query, "tok"), None);
        assert_eq!(parameter("", "token"), None);
    }
}
