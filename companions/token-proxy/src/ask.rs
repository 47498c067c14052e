//! What the page asks for: the body of a refresh, read within bounds and judged field by field.
//! An empty body is the ordinary case and means "the session that I have".

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde_json::Value;

use crate::problem::{BadField, Problem};
use crate::wire::Dialect;

/// Largest body that is read, in bytes. The widget sends about 100.
pub(crate) const BODY_LIMIT: usize = 4 * 1024;

/// How long a body may take to arrive: as long as the widget waits for an answer.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// A refresh as the page means it. Fields which we do not know are skipped: a newer widget may send more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) deployment: Option<DeploymentId>,
    pub(crate) dialect: Dialect,
    pub(crate) session: Wish,
    /// The page is about to open a socket, and wants to know when it may.
    pub(crate) connecting: bool,
    /// The last place in line was of no use: its socket did not open.
    pub(crate) unused: bool,
}

/// Which session the visitor wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The one of the cookie, or a first one.
    Keep,
    /// Another one: the old conversation has ended or expired.
    New,
}

impl Ask {
    /// Reads at most [`BODY_LIMIT`] bytes (the router's body limit says so) within [`BODY_PATIENCE`].
    pub(crate) async fn read(request: Request) -> Result<Ask, Problem> {
        let body = tokio::time::timeout(BODY_PATIENCE, Bytes::from_request(request, &())).await;
        match body {
            Err(_elapsed) => Err(Problem::BodyTooSlow),
            Ok(Err(cut)) if cut.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::BodyTooLarge),
            Ok(Err(_broken)) => Err(Problem::BodyMalformed),
            Ok(Ok(bytes)) => Ask::parse(&bytes),
        }
    }

    pub(crate) fn parse(body: &[u8]) -> Result<Ask, Problem> {
        if body.trim_ascii().is_empty() {
            let dialect = Dialect::WebMessaging;
            return Ok(Ask { deployment: None, dialect, session: Wish::Keep, connecting: false, unused: false });
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Err(Problem::BodyMalformed);
        };
        let mut bad = Vec::new();

        let deployment = match fields.get("deployment_id") {
            None | Some(Value::Null) => None,
            Some(given) => {
                let id = given.as_str().and_then(DeploymentId::parse);
                if id.is_none() {
                    bad.push(BadField::new("deployment_id", DeploymentId::FORM));
                }
                id
            }
        };
        let dialect = match fields.get("dialect") {
            None | Some(Value::Null) => Dialect::WebMessaging,
            Some(given) => given.as_str().and_then(Dialect::parse).unwrap_or_else(|| {
                bad.push(BadField::new("dialect", Dialect::FORM));
                Dialect::WebMessaging
            }),
        };
        let session = match fields.get("session") {
            None | Some(Value::Null) => Wish::Keep,
            Some(given) => match given.as_str() {
                Some("keep") => Wish::Keep,
                Some("new") => Wish::New,
                _ => {
                    bad.push(BadField::new("session", "must be \"keep\" or \"new\""));
                    Wish::Keep
                }
            },
        };
        let [connecting, unused] = ["connecting", "unused"].map(|name| match fields.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(fact)) => *fact,
            Some(_) => {
                bad.push(BadField::new(name, "must be true or false"));
                false
            }
        });
        if !bad.is_empty() {
            return Err(Problem::BadFields(bad));
        }
        Ok(Ask { deployment, dialect, session, connecting, unused })
    }
}

/// Names one web deployment of the organisation; a UUID in practice, compared without regard to case.
/// Visible in every page that embeds the widget, so no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentId(String);

impl DeploymentId {
    /// The form in words, for whoever got it wrong.
    pub(crate) const FORM: &str = "must be 1 to 64 letters, digits, '-' or '_', such as a UUID";

    /// `None` if the text is not of that form (1 to 64 letters, digits, `-` or `_`): the id becomes part of a cookie's name.
    pub fn parse(text: &str) -> Option<DeploymentId> {
        let fits =
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| DeploymentId(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Ask =
        Ask { deployment: None, dialect: Dialect::WebMessaging, session: Wish::Keep, connecting: false, unused: false };

    #[test]
    fn empty_body_means_keep() {
        for body in [
            &b""[..],
            b" \n",
            b"{}",
            br#"{"session":null,"deployment_id":null,"dialect":null}"#,
            br#"{"dialect":"web-messaging"}"#,
        ] {
            assert_eq!(Ask::parse(body), Ok(PLAIN));
        }
    }

    #[test]
    fn fields_that_we_do_not_know_are_skipped() {
        let asked = Ask::parse(br#"{"session":"new","deployment_id":"D1","connecting":true,"tab":{"deep":[1]}}"#);
        let deployment = DeploymentId::parse("d1");
        assert_eq!(asked, Ok(Ask { deployment, session: Wish::New, connecting: true, ..PLAIN }));
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let Err(Problem::BadFields(bad)) =
            Ask::parse(br#"{"session":"old","deployment_id":7,"connecting":"yes","unused":1,"dialect":"sms"}"#)
        else {
            panic!("five bad fields were accepted")
        };
        assert_eq!(
            bad.iter().map(|b| b.field).collect::<Vec<_>>(),
            ["deployment_id", "dialect", "session", "connecting", "unused"]
        );
    }

    #[test]
    fn deployment_id_that_could_break_a_cookie_header_is_refused() {
        for text in ["", "a b", "a;b", "a=b", "ü", "a\r\nb", &"x".repeat(65)] {
            assert_eq!(DeploymentId::parse(text), None, "{text:?}");
        }
    }
}
