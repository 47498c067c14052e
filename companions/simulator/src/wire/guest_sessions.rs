//! `guest-sessions`: one socket whose URL has the token. Nothing that the visitor writes is answered, not even with a
//! refusal: closing is the only word there is for one.

use serde_json::{Value, json};

use super::guest::{Ask, Say, TYPING_MS, agent, author, frame, text};
use super::{Direction, Frame};
use crate::wire::time::iso;

pub(crate) const SOCKET: &str = "/api/v2/guest/sessions";
pub(crate) const MINT: &str = "/api/v2/guest/sessions/token";

pub(super) fn read(frame: &Value) -> Ask {
    match (frame["type"].as_str(), text(frame, "content")) {
        (Some("message"), Some(text)) => Ask::Text { id: None, conversation: None, text },
        _ => Ask::Unknown { id: None },
    }
}

pub(super) fn say(say: &Say) -> Option<Frame> {
    let (word, body) = match *say {
        Say::Message { row, .. } if row.direction == Direction::Outbound => {
            let (sender, content) = (author(row), row.text.as_deref());
            ("message", json!({ "id": row.key(), "sender": sender, "content": content, "timestamp": iso(row.time) }))
        }
        Say::Typing { name } => ("typing", json!({ "sender": agent(name), "durationMs": TYPING_MS })),
        Say::Queue { position, wait_seconds } => {
            ("queue", json!({ "position": position, "waitSeconds": wait_seconds }))
        }
        Say::Ended { .. } => ("ended", json!({})),
        _ => return None,
    };
    Some(frame(say, "type", word, body))
}
