//! The one thing that is said on the socket, and what the answer means: Genesys' published Web Messaging protocol, as far as its
//! hello goes. Written apart from the widget's dialect, so that a mistake in one of them shows as a disagreement.

use chat_proto::config::Config;
use chat_proto::dialect::web_messaging::WebMessaging;
use chat_proto::dialect::{ClientOp, Dialect, Habits, NotOurs, ServerEvent, Speaker, Wire};
use chat_proto::json::Value;

use crate::observe::End;

/// How long an HTTP answer may take, in milliseconds: what the widget waits.
pub const ANSWER_MS: u32 = 10_000;

/// How long a socket may take to open, in milliseconds.
pub const OPEN_MS: u32 = 15_000;

/// How long the hello may go unanswered, in milliseconds.
pub const HELLO_MS: u32 = 10_000;

/// Genesys' own wire, of which nothing is said but the hello.
pub(crate) struct Published;

impl Dialect for Published {
    fn habits(&self) -> &'static Habits {
        WebMessaging.habits()
    }

    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String {
        WebMessaging.socket_url(config, speaker)
    }

    /// The hello says nothing that anybody reads: a conversation begins with a text or a Join, and neither is sent.
    fn encode(&self, config: &Config, speaker: &Speaker, _: &str, op: &ClientOp<'_>) -> Option<Wire> {
        let ClientOp::Hello { .. } = op else { return None };
        Some(Wire::Frame(Value::object([
            ("action", "configureSession".into()),
            ("token", speaker.token.as_str().into()),
            ("deploymentId", config.deployment_id.as_str().into()),
            ("tracingId", "diagnosis".into()),
        ])))
    }

    /// An answer is judged by its number, which the report repeats: see [`heard`].
    fn decode_frame(&self, _: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        Err(NotOurs)
    }
}

/// What a frame says about the hello, by its `class` and `code`; `None` for a frame that says nothing about it.
pub fn heard(class: &str, code: u16) -> Option<End> {
    match class {
        "SessionResponse" => Some(End::Accepted),
        "SessionExpiredEvent" => Some(End::Error(4006)),
        "LogoutEvent" => Some(End::Error(401)),
        "ConnectionClosedEvent" => Some(End::Evicted),
        "TooManyRequestsErrorMessage" => Some(End::Error(429)),
        _ if code >= 400 => Some(End::Error(code)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_not_about_the_hello_are_waited_past() {
        assert_eq!(heard("StructuredMessage", 200), None);
        assert_eq!(heard("string", 4007), Some(End::Error(4007)));
        assert_eq!(heard("SessionResponse", 200), Some(End::Accepted));
    }
}
