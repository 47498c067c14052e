//! Auth is the first frame, within seconds and before anything else, and a join follows at once. The token can expire in place: then
//! auth is said again on the same socket. A missing scope is answered by nothing at all.

use alloc::{string::String, vec, vec::Vec};

#[cfg(feature = "signs")]
use super::Signs;
use super::{
    About, ClientOp, Dialect, Habits, NotOurs, Opening, Refusal, Renewal, ServerEvent, Speaker, Wire, guest,
    mark_attempt,
};
use crate::config::Config;
use crate::json::Value;

/// Auth is the first frame, and can expire in place.
pub struct ConversationSocket;

static HABITS: Habits = Habits {
    name: "conversation-socket",
    path: "/api/v2/conversations/messaging/channels/ws",
    opening: Opening::Hello,
    renewal: Renewal::InPlace,
    silent_close: 1006,
    answers_probes: true,
    #[cfg(feature = "signs")]
    signs: Signs {
        says_conversation: true,
        missing_right: "dropped without a word upon the join, for which conversation:read is needed, or upon a message, for which it is \
            conversation:write",
        ..guest::SIGNS
    },
    ..guest::HABITS
};

impl Dialect for ConversationSocket {
    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String {
        guest::address(config, speaker)
    }

    fn is_enough(&self, speaker: &Speaker) -> bool {
        !speaker.conversation.is_empty()
    }

    fn encode(&self, _: &Config, speaker: &Speaker, _: &str, op: &ClientOp<'_>) -> Option<Wire> {
        Some(match op {
            ClientOp::Hello { .. } | ClientOp::Renew => guest::frame([
                ("action", "auth".into()),
                ("token", speaker.token.as_str().into()),
                ("client", "guest-chat".into()),
                ("version", "1.0".into()),
            ]),
            ClientOp::Enter => {
                guest::frame([("action", "join".into()), ("conversationId", speaker.conversation.as_str().into())])
            }
            ClientOp::Text { id, attempt, text, .. } => guest::frame([
                ("action", "message".into()),
                ("id", mark_attempt(id, *attempt).as_str().into()),
                ("text", (*text).into()),
            ]),
            ClientOp::Typing => guest::frame([("action", "typing".into())]),
            ClientOp::Probe => guest::frame([("action", "ping".into())]),
            _ => return None,
        })
    }

    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        let word = frame.at("action").as_str().or(frame.at("type").as_str()).ok_or(NotOurs)?;
        let status = frame.at("status").as_str().unwrap_or_default();
        Ok(vec![match word {
            "auth-success" => ServerEvent::Admitted,
            "auth" if status == "success" => ServerEvent::Admitted,
            "auth" if status == "expired" => ServerEvent::TokenExpired,
            "auth" => ServerEvent::Refused { about: About::Hello, refusal: Refusal::Unauthorized, code: 401 },
            "join" if status == "success" => ServerEvent::Ready { is_new: false, is_read_only: false },
            "pong" => ServerEvent::ProbeAnswered,
            word => return Ok(guest::heard(word, frame, frame, "text")),
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::super::guest::tests::{Bench, echo, from_agent, refusal};
    use super::*;

    const WIRE: Bench = Bench(&ConversationSocket);

    #[test]
    fn auth_comes_first_and_again_in_place_and_a_join_behind_it() {
        assert_eq!(WIRE.url(), "wss://api.mypurecloud.ie/api/v2/conversations/messaging/channels/ws");
        let auth = r#"{"action":"auth","token":"to/k","client":"guest-chat","version":"1.0"}"#;
        assert_eq!(WIRE.says(&ClientOp::Hello { start_new: false, trace: None }), auth);
        assert_eq!(WIRE.says(&ClientOp::Renew), auth);
        assert_eq!(WIRE.says(&ClientOp::Enter), r#"{"action":"join","conversationId":"c-1"}"#);
        assert_eq!(WIRE.text(1), r#"{"action":"message","id":"m-1","text":"hi \"you\""}"#);
        assert_eq!(WIRE.says(&ClientOp::Probe), r#"{"action":"ping"}"#);
    }

    #[test]
    fn both_forms_of_a_good_auth_are_understood_and_an_expired_one_is_no_refusal() {
        for frame in [r#"{"action":"auth","status":"success"}"#, r#"{"type":"auth-success"}"#] {
            assert_eq!(WIRE.hears(frame), [ServerEvent::Admitted], "{frame}");
        }
        assert_eq!(WIRE.hears(r#"{"action":"auth","status":"expired"}"#), [ServerEvent::TokenExpired]);
        let refused = ServerEvent::Refused { about: About::Hello, refusal: Refusal::Unauthorized, code: 401 };
        assert_eq!(WIRE.hears(r#"{"action":"auth","status":"failed"}"#), [refused]);
        let ready = ServerEvent::Ready { is_new: false, is_read_only: false };
        assert_eq!(WIRE.hears(r#"{"action":"join","status":"success","conversationId":"c-1"}"#), [ready]);
    }

    #[test]
    fn what_is_said_and_refused_is_heard() {
        let own =
            r#"{"action":"message","id":"m-1","role":"guest","text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}"#;
        assert_eq!(WIRE.hears(own), echo("m-1", "m-1"));
        let theirs = r#"{"action":"message","id":"r-1","role":"agent","name":"Ada","text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}"#;
        assert_eq!(WIRE.hears(theirs), from_agent("r-1"));
        let error = r#"{"action":"error","id":"m-1.2","status":413}"#;
        assert_eq!(WIRE.hears(error), refusal(Refusal::TooLong, 413, 2));
        assert_eq!(WIRE.hears(r#"{"action":"pong"}"#), [ServerEvent::ProbeAnswered]);
    }
}
