//! One socket, which lives as long as its token. A message is not answered: it counts as taken when the socket lives on. What is said
//! while there is no socket is not said again; so a new token comes with a second socket, before the first one ends.

use alloc::{string::String, vec::Vec};

#[cfg(feature = "signs")]
use super::Signs;
use super::{ClientOp, Dialect, Habits, NotOurs, ServerEvent, Speaker, Wire, guest};
use crate::config::Config;
use crate::json::Value;

/// One socket, which lives as long as its token.
pub struct GuestSessions;

static HABITS: Habits = Habits {
    name: "guest-sessions",
    path: "/api/v2/guest/sessions",
    acknowledges: false,
    #[cfg(feature = "signs")]
    signs: Signs {
        missing_right: "the socket is closed with 1000 upon a message; guest:write is needed",
        ..guest::SIGNS
    },
    ..guest::HABITS
};

impl Dialect for GuestSessions {
    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String {
        guest::with_token(config, speaker)
    }

    fn encode(&self, _: &Config, _: &Speaker, _: &str, op: &ClientOp<'_>) -> Option<Wire> {
        let ClientOp::Text { text, written, .. } = op else { return None };
        Some(guest::frame([
            ("type", "message".into()),
            ("content", (*text).into()),
            ("timestamp", written.iso().as_str().into()),
        ]))
    }

    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        Ok(guest::heard(frame.at("type").as_str().ok_or(NotOurs)?, frame, frame.at("sender"), "content"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::guest::tests::{Bench, from_agent};
    use super::*;

    const WIRE: Bench = Bench(&GuestSessions);

    #[test]
    fn one_frame_is_all_that_is_said() {
        assert_eq!(WIRE.url(), "wss://api.mypurecloud.ie/api/v2/guest/sessions?token=to%2Fk");
        assert_eq!(WIRE.text(2), r#"{"type":"message","content":"hi \"you\"","timestamp":"2026-10-05T09:00:00.120Z"}"#);
        for op in
            [ClientOp::Hello { start_new: false, trace: None }, ClientOp::Typing, ClientOp::Probe, ClientOp::Renew]
        {
            assert_eq!(WIRE.says(&op), "", "{op:?}");
        }
    }

    #[test]
    fn messages_are_heard_and_places_in_the_queue() {
        let said = r#"{"type":"message","id":"r-1","sender":{"role":"agent","name":"Ada"},"content":"hello","timestamp":"2026-10-05T09:00:00.120Z"}"#;
        assert_eq!(WIRE.hears(said), from_agent("r-1"));
        let queue = r#"{"type":"queue","position":3,"waitSeconds":40}"#;
        assert_eq!(WIRE.hears(queue), [ServerEvent::Queue(3, Some(40))]);
        assert_eq!(WIRE.hears(r#"{"type":"queue","position":0}"#), [ServerEvent::Queue(0, None)]);
        assert_eq!(WIRE.hears(r#"{"type":"queue","position":-1}"#), []);
        assert_eq!(WIRE.hears(r#"{"type":"ended"}"#), [guest::ended()]);
    }
}
