//! Every way in which this service refuses, as RFC 9457 problem details. Each names what to change and on
//! which side; none repeats what could be a secret: of a request only a well-formed origin is ever echoed.

use axum::Json;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::answer::Outcome;
use crate::ask::BODY_LIMIT;
use crate::origin::Origin;
use crate::setback::Setback;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// `Sec-Fetch-Site` says that another origin's page, or no page, made the request.
    CrossSite,
    /// Neither `Sec-Fetch-Site` nor `Origin` was sent.
    OriginMissing,
    /// `Origin` is not one of those configured; the origin itself where it could be read as one.
    OriginNotAllowed(Option<Origin>),
    /// The proxy serves certain deployments only, and none was named.
    DeploymentMissing,
    /// The proxy serves certain deployments only, and this is none of them.
    DeploymentNotServed,
    /// More than [`BODY_LIMIT`] bytes.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The body is no JSON object, or broke off.
    BodyMalformed,
    /// The body is an object, but these of its fields are wrong: all of them.
    BadFields(Vec<BadField>),
    /// The path exists, for these methods.
    MethodNotAllowed(&'static str),
    /// No such path.
    NotFound,
    /// More visitors want to connect than the backend lets in within ten minutes.
    LineTooLong,
    /// The page speaks a dialect that this proxy was not started for.
    DialectNotServed,
    /// The API did not give what was asked of it.
    Api(Setback),
    /// Asked for by a test, see `faults`.
    Fault(StatusCode),
}

impl From<Setback> for Problem {
    fn from(setback: Setback) -> Problem {
        Problem::Api(setback)
    }
}

/// Seconds after which whoever found the line too long may come again: half of the longest line, which is half empty by then.
const LINE_RETRY: u64 = 300;

/// Seconds after which a page asks again whose dialect is not served: once the operator has seen to it, it recovers by itself.
const DIALECT_RETRY: u64 = 60;

/// One field of the body and what it should have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BadField {
    pub(crate) field: &'static str,
    pub(crate) detail: String,
}

impl BadField {
    pub(crate) fn new(field: &'static str, detail: impl Into<String>) -> BadField {
        BadField { field, detail: detail.into() }
    }
}

impl Problem {
    /// Stable: the last part of `type`, and what the log says.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Problem::CrossSite => "cross-site",
            Problem::OriginMissing => "origin-missing",
            Problem::OriginNotAllowed(_) => "origin-not-allowed",
            Problem::DeploymentMissing => "deployment-missing",
            Problem::DeploymentNotServed => "deployment-not-served",
            Problem::BodyTooLarge => "body-too-large",
            Problem::BodyTooSlow => "body-too-slow",
            Problem::BodyMalformed => "body-malformed",
            Problem::BadFields(_) => "bad-fields",
            Problem::MethodNotAllowed(_) => "method-not-allowed",
            Problem::NotFound => "not-found",
            Problem::LineTooLong => "line-too-long",
            Problem::DialectNotServed => "dialect-not-served",
            Problem::Api(setback) => setback.trouble.name(),
            Problem::Fault(_) => "fault",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Problem::CrossSite
            | Problem::OriginMissing
            | Problem::OriginNotAllowed(_)
            | Problem::DeploymentMissing
            | Problem::DeploymentNotServed => StatusCode::FORBIDDEN,
            Problem::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Problem::BodyMalformed | Problem::BadFields(_) => StatusCode::BAD_REQUEST,
            Problem::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::LineTooLong => StatusCode::SERVICE_UNAVAILABLE,
            // It is the operator's mistake, not this visitor's. 501 would say that there is no endpoint here.
            Problem::DialectNotServed => StatusCode::INTERNAL_SERVER_ERROR,
            Problem::Api(setback) => setback.trouble.status(),
            Problem::Fault(status) => *status,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Problem::CrossSite => "Request from another site",
            Problem::OriginMissing => "Request of unknown origin",
            Problem::OriginNotAllowed(_) => "Origin not allowed",
            Problem::DeploymentMissing => "Deployment not named",
            Problem::DeploymentNotServed => "Deployment not served here",
            Problem::BodyTooLarge => "Body too large",
            Problem::BodyTooSlow => "Body too slow",
            Problem::BodyMalformed => "Body is not a JSON object",
            Problem::BadFields(_) => "Fields of the body are wrong",
            Problem::MethodNotAllowed(_) => "Method not allowed",
            Problem::NotFound => "No such path",
            Problem::LineTooLong => "Too many visitors at once",
            Problem::DialectNotServed => "Dialect not served here",
            Problem::Api(setback) => setback.trouble.title(),
            Problem::Fault(_) => "Failure asked for by a test",
        }
    }

    fn detail(&self) -> String {
        match self {
            Problem::CrossSite => "Sec-Fetch-Site is not same-origin. Serve this path from the \
                origin of the page that embeds the widget, and let its token URL be a path."
                .into(),
            Problem::OriginMissing => "Neither Sec-Fetch-Site nor Origin was sent. If the request \
                is from a page, let the reverse proxy pass both headers on."
                .into(),
            Problem::OriginNotAllowed(Some(origin)) => {
                format!("{origin} is not configured. If it is yours, add --origin {origin}.")
            }
            Problem::OriginNotAllowed(None) => {
                "Origin is not that of an http or https page. Sandboxed frames need allow-same-origin.".into()
            }
            Problem::DeploymentMissing => "Send deployment_id in the body: this proxy was started \
                with a list of deployments."
                .into(),
            Problem::DeploymentNotServed => "deployment_id is not in the list with which this \
                proxy was started. Correct it in the page, or add it with --deployment."
                .into(),
            Problem::BodyTooLarge => format!("Send at most {BODY_LIMIT} bytes, or no body."),
            Problem::BodyTooSlow => "The body did not arrive in time. Send it again.".into(),
            Problem::BodyMalformed => "Send a JSON object such as {\"session\":\"keep\"}, or no \
                body."
                .into(),
            Problem::BadFields(bad) => {
                let said = bad.iter().map(|bad| format!("{} {}", bad.field, bad.detail));
                format!("{}.", said.collect::<Vec<_>>().join("; "))
            }
            Problem::MethodNotAllowed(allow) => format!("Use {allow}."),
            Problem::NotFound => "The token is at /api/genesys/refresh.".into(),
            Problem::LineTooLong => "More visitors want to connect than --connections-per-minute lets in \
                within ten minutes. Come again later."
                .into(),
            Problem::DialectNotServed => "The page's dialect is none of those with which this proxy was started. \
                Correct it in the page, or add it with --dialect."
                .into(),
            Problem::Api(setback) => setback.trouble.detail(),
            Problem::Fault(_) => "This endpoint was told to fail through /control/faults.".into(),
        }
    }

    /// Whole seconds, rounded up: who comes early comes in vain.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Problem::LineTooLong => Some(LINE_RETRY),
            Problem::DialectNotServed => Some(DIALECT_RETRY),
            Problem::Api(setback) => {
                setback.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
            }
            _ => None,
        }
    }

    fn errors(&self) -> &[BadField] {
        if let Problem::BadFields(bad) = self { bad } else { &[] }
    }
}

/// The members of RFC 9457, and one of our own: each bad field by name.
#[derive(Serialize)]
struct Details<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [BadField],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let media = [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let details = Details {
            kind: format!("urn:guest-chat:problem:{}", self.name()),
            title: self.title(),
            status: self.status().as_u16(),
            detail: self.detail(),
            errors: self.errors(),
        };
        let retry_after = self.retry_after();
        let mut response = (self.status(), Outcome::Refused(self.name()), media, Json(details)).into_response();
        if let Problem::MethodNotAllowed(allow) = self {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
