//! The token rides in the address and is looked at once, when the socket is opened. So a new token needs a new address, hence a second
//! socket, which is there before the first one is closed. Messages are echoed.

use alloc::{string::String, vec::Vec};

#[cfg(feature = "signs")]
use super::Signs;
use super::{ClientOp, Dialect, Habits, NotOurs, ServerEvent, Speaker, Wire, guest, mark_attempt};
use crate::config::Config;
use crate::json::Value;

/// The token rides in the address.
pub struct GuestWebchat;

static HABITS: Habits = Habits {
    name: "guest-webchat",
    path: "/api/v2/guest/conversations/webchat",
    #[cfg(feature = "signs")]
    signs: Signs {
        refuses_upgrade: true,
        missing_right: "the upgrade is refused with 403; guest:read and guest:write are needed",
        ..guest::SIGNS
    },
    ..guest::HABITS
};

impl Dialect for GuestWebchat {
    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String {
        guest::with_token(config, speaker)
    }

    fn encode(&self, _: &Config, _: &Speaker, _: &str, op: &ClientOp<'_>) -> Option<Wire> {
        Some(match op {
            ClientOp::Text { id, attempt, text, .. } => guest::frame([
                ("type", "message".into()),
                ("id", mark_attempt(id, *attempt).as_str().into()),
                ("text", (*text).into()),
            ]),
            ClientOp::Typing => guest::frame([("type", "typing".into())]),
            _ => return None,
        })
    }

    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        Ok(guest::heard(frame.at("type").as_str().ok_or(NotOurs)?, frame, frame.at("sender"), "text"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::super::guest::tests::{Bench, echo, from_agent, refusal};
    use super::*;
    use crate::dialect::Refusal;

    const WIRE: Bench = Bench(&GuestWebchat);

    #[test]
    fn the_token_is_in_the_address_and_nowhere_else() {
        assert_eq!(WIRE.url(), "wss://api.mypurecloud.ie/api/v2/guest/conversations/webchat?token=to%2Fk");
        assert_eq!(WIRE.text(1), r#"{"type":"message","id":"m-1","text":"hi \"you\""}"#);
        assert_eq!(WIRE.text(2), r#"{"type":"message","id":"m-1.2","text":"hi \"you\""}"#);
        assert_eq!(WIRE.says(&ClientOp::Typing), r#"{"type":"typing"}"#);
        assert_eq!(WIRE.says(&ClientOp::Hello { start_new: false, trace: None }), "");
    }

    #[test]
    fn the_echo_of_any_attempt_is_that_message() {
        let said = |id: &str, sender: &str| {
            format!(
                r#"{{"type":"message","id":"{id}","sender":{sender},"text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}}"#
            )
        };
        assert_eq!(WIRE.hears(&said("m-1.2", r#"{"role":"guest"}"#)), echo("m-1.2", "m-1"));
        assert_eq!(WIRE.hears(&said("r-1", r#"{"role":"agent","name":"Ada"}"#)), from_agent("r-1"));
    }

    #[test]
    fn a_refusal_names_the_attempt() {
        let error = r#"{"type":"error","id":"m-1.2","status":429,"retryAfter":3}"#;
        assert_eq!(WIRE.hears(error), refusal(Refusal::RateLimited(Some(3_000)), 429, 2));
    }
}
