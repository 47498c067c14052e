//! What every answer carries, errors included, and the one line about it in the log.
//! Knows no token: the log speaks of an answer's outcome, never of its content.

use axum::extract::{MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponseParts, Response, ResponseParts};
use uuid::Uuid;

/// What became of a request, in a word for the log; rides on the response, out of the client's sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The visitor's session was known, and its token was said again.
    Kept,
    /// A new session was started: none was known, or another one was asked for.
    Started,
    /// Refused, for the problem of this name.
    Refused(&'static str),
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::Started => "started",
            Outcome::Refused(name) => name,
        }
    }
}

impl IntoResponseParts for Outcome {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// The outermost layer: headers, request id, log.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().simple().to_string();
    let method = request.method().clone();
    // The pattern and not the path: what a stranger writes into a path or query is not for the log.
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;

    let status = response.status().as_u16();
    let path = path.as_ref().map_or("-", MatchedPath::as_str);
    let outcome = response.extensions().get::<Outcome>().map_or("ok", |outcome| outcome.word());
    tracing::info!(request = %id, %method, path, status, outcome);

    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-request-id", HeaderValue::try_from(id).expect("hexadecimal digits"));
    response
}

/// A grant must never be kept, sniffed for another type, or named in a referrer; and should a cache keep it in
/// spite of all, not be handed to another visitor.
const ALWAYS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (VARY, "Origin, Sec-Fetch-Site, Cookie"),
];
