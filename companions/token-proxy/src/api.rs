//! One question to the API over HTTP: bounded in time and length, and trusting nothing but public certificates. Follows no redirect, which
//! could carry a secret elsewhere, and reads of an answer that is not 200 the status and `Retry-After` alone.

use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::address::Address;
use crate::setback::{Question, Setback, Trouble};

/// How long one answer may take. A visitor waits for two at most, or three if [`DEADLINE`] leaves time for it.
pub(crate) const CALL: Duration = Duration::from_secs(4);

/// How long a visitor waits for all of it: 2 s less than the widget, for the way there and back.
pub(crate) const DEADLINE: Duration = Duration::from_secs(8);

/// Largest answer that is read, in bytes. Honest ones have some hundreds, or a few thousand with a long token.
const ANSWER_LIMIT: usize = 64 * 1024;

/// No `Retry-After` is believed to be longer: one word of somebody on the way must not end all chats for a day.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// The connections to the API, wherever its parts are.
pub(crate) struct Api {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer in time. Its body is that of a 200, and otherwise empty.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

impl Api {
    pub(crate) fn new() -> Api {
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .expect("the provider has ciphers for TLS 1.2 and 1.3");
        // Plain http is for this machine alone, as the settings see to.
        let connector = tls.https_or_http().enable_http1().build();
        Api { client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    /// Asks once. `authorization` is marked as what no debug output shows.
    pub(crate) async fn post(
        &self,
        question: Question,
        address: &Address,
        mut authorization: HeaderValue,
        content_type: &'static str,
        body: String,
    ) -> Result<Reply, Setback> {
        authorization.set_sensitive(true);
        let request = Request::post(address.to_string())
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, content_type)
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("what was read as an address is one");
        let answer = async {
            let reply = self.client.request(request).await.map_err(|_| Trouble::Unreachable(question))?;
            let (head, body) = reply.into_parts();
            let retry_after = retry_after(&head.headers);
            if head.status != StatusCode::OK {
                return Ok(Reply { status: head.status, retry_after, body: Bytes::new() });
            }
            match Limited::new(body, ANSWER_LIMIT).collect().await {
                Ok(body) => Ok(Reply { status: head.status, retry_after, body: body.to_bytes() }),
                Err(error) if error.is::<LengthLimitError>() => Err(Trouble::Unreadable(question)),
                Err(_broken) => Err(Trouble::Unreachable(question)),
            }
        };
        let in_time = tokio::time::timeout(CALL, answer).await.unwrap_or(Err(Trouble::Slow(question)));
        in_time.map_err(|trouble| Setback::new(trouble, None))
    }
}

/// In seconds or as a date, which is held against the same server's clock where it shows one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wait = text(RETRY_AFTER)?;
    let seconds = || wait.parse().ok().map(Duration::from_secs);
    let until_date = || {
        let then = httpdate::parse_http_date(wait).ok()?;
        let now = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(SystemTime::now);
        Some(then.duration_since(now).unwrap_or_default())
    };
    seconds().or_else(until_date).map(|wait| wait.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date_and_believed_for_ten_minutes_at_most() {
        let read = |wait: &'static str| {
            let date = (DATE, HeaderValue::from_static("Sat, 01 Aug 2026 10:00:00 GMT"));
            retry_after(&HeaderMap::from_iter([date, (RETRY_AFTER, HeaderValue::from_static(wait))]))
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(read("7"), seconds(7));
        assert_eq!(read("Sat, 01 Aug 2026 10:00:30 GMT"), seconds(30));
        assert_eq!(read("Sat, 01 Aug 2026 09:00:00 GMT"), seconds(0));
        assert_eq!(read("86400"), seconds(600));
        for text in ["", "soon", "-1", "1.5"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
