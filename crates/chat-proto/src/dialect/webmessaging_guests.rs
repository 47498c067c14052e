//! A CONNECT frame with ids and a token, by which a conversation is also resumed. The backend resumes with a token that was used before,
//! says nothing of what was missed, and refuses every message from then on: so each connection gets a token of its own.

use alloc::{string::String, vec, vec::Vec};

#[cfg(feature = "signs")]
use super::Signs;
use super::{ClientOp, Dialect, Habits, NotOurs, Opening, ServerEvent, Speaker, Wire, guest, mark_attempt};
use crate::config::Config;
use crate::json::Value;

/// A CONNECT frame, and resumption by ids.
pub struct WebmessagingGuests;

static HABITS: Habits = Habits {
    name: "webmessaging-guests",
    // It has the region of another cloud in it.
    host: None,
    path: "/api/v2/conversations/webmessaging/websocket",
    opening: Opening::Hello,
    spends_tokens: true,
    answers_probes: true,
    #[cfg(feature = "signs")]
    signs: Signs { says_conversation: true, says_guest: true, ..guest::SIGNS },
    ..guest::HABITS
};

impl Dialect for WebmessagingGuests {
    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String {
        guest::address(config, speaker)
    }

    fn is_enough(&self, speaker: &Speaker) -> bool {
        !speaker.conversation.is_empty() && !speaker.guest.is_empty()
    }

    fn encode(&self, _: &Config, speaker: &Speaker, _: &str, op: &ClientOp<'_>) -> Option<Wire> {
        let conversation = ("conversationId", speaker.conversation.as_str().into());
        Some(match op {
            ClientOp::Hello { trace, .. } => guest::frame([
                ("type", "CONNECT".into()),
                conversation,
                ("guestId", speaker.guest.as_str().into()),
                ("token", speaker.token.as_str().into()),
                ("traceparent", (*trace).into()),
            ]),
            ClientOp::Text { id, attempt, text, .. } => guest::frame([
                ("type", "SEND_MESSAGE".into()),
                ("requestId", mark_attempt(id, *attempt).as_str().into()),
                conversation,
                ("text", (*text).into()),
            ]),
            ClientOp::Typing => guest::frame([("type", "TYPING".into())]),
            ClientOp::Probe => guest::frame([("type", "HEARTBEAT".into())]),
            _ => return None,
        })
    }

    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        Ok(match frame.at("type").as_str().ok_or(NotOurs)? {
            "CONNECTED" => vec![ServerEvent::Ready { is_new: false, is_read_only: false }],
            "CONVERSATION_UPDATED" => {
                let messages = frame.at("messages").elements().iter();
                let mut events: Vec<_> = messages.map(|it| guest::said(it, it, "text")).collect();
                if frame.at("state").as_str() == Some("closed") {
                    events.push(guest::ended());
                }
                events
            }
            "TYPING" => vec![guest::typing(frame)],
            "HEARTBEAT" => vec![ServerEvent::ProbeAnswered],
            "ERROR" => guest::refused(frame, "requestId"),
            _ => Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::guest::tests::{Bench, echo, from_agent, refusal};
    use super::*;
    use crate::dialect::Refusal;

    const WIRE: Bench = Bench(&WebmessagingGuests);

    #[test]
    fn it_connects_by_ids_and_token_and_says_the_conversation_with_each_message() {
        assert_eq!(WIRE.url(), "wss://chat.example/path");
        assert_eq!(
            WIRE.url_at("wss://chat.example/guests/{guestId}/of/{conversationId}/ws"),
            "wss://chat.example/guests/g-1/of/c-1/ws"
        );
        assert_eq!(
            WIRE.says(&ClientOp::Hello { start_new: false, trace: None }),
            r#"{"type":"CONNECT","conversationId":"c-1","guestId":"g-1","token":"to/k"}"#
        );
        assert_eq!(
            WIRE.text(2),
            r#"{"type":"SEND_MESSAGE","requestId":"m-1.2","conversationId":"c-1","text":"hi \"you\""}"#
        );
        assert_eq!(WIRE.says(&ClientOp::Probe), r#"{"type":"HEARTBEAT"}"#);
        assert_eq!(WIRE.says(&ClientOp::Typing), r#"{"type":"TYPING"}"#);
    }

    #[test]
    fn it_joins_a_trace_where_there_is_one() {
        let hello = WIRE.says(&ClientOp::Hello { start_new: false, trace: Some("00-t-p-01") });
        assert!(hello.ends_with(r#""token":"to/k","traceparent":"00-t-p-01"}"#), "{hello}");
    }

    #[test]
    fn an_update_brings_what_was_said_and_that_it_is_over() {
        let own =
            r#"{"id":"r-1","requestId":"m-1","role":"guest","text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}"#;
        let theirs =
            r#"{"id":"r-2","role":"agent","name":"Ada","text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}"#;
        let update = alloc::format!(
            r#"{{"type":"CONVERSATION_UPDATED","conversationId":"c-1","messages":[{own},{theirs}],"state":"closed"}}"#
        );
        let expected: Vec<_> =
            [echo("r-1", "m-1"), from_agent("r-2"), vec![guest::ended()]].into_iter().flatten().collect();
        assert_eq!(WIRE.hears(&update), expected);
    }

    #[test]
    fn a_message_refused_after_a_resume_is_about_the_token() {
        let error = r#"{"type":"ERROR","requestId":"m-1","status":403}"#;
        assert_eq!(WIRE.hears(error), refusal(Refusal::Unauthorized, 403, 1));
        assert_eq!(WIRE.hears(r#"{"type":"HEARTBEAT"}"#), [ServerEvent::ProbeAnswered]);
    }
}
