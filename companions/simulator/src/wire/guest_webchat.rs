//! `guest-webchat`: the token rides in the URL and is looked at during the upgrade; no frame says who the visitor is.

use serde_json::{Value, json};

use super::guest::{Ask, Say, TYPING_MS, agent, author, frame, refusal, text};
use super::{Direction, Frame};
use crate::wire::time::iso;

pub(crate) const SOCKET: &str = "/api/v2/guest/conversations/webchat";
pub(crate) const MINT: &str = "/api/v2/guest/conversations/webchat/token";

pub(super) fn read(frame: &Value) -> Ask {
    match (frame["type"].as_str(), text(frame, "id"), text(frame, "text")) {
        (Some("message"), Some(id), Some(text)) => Ask::Text { id: Some(id), conversation: None, text },
        (Some("typing"), ..) => Ask::Typing,
        (_, id, _) => Ask::Unknown { id },
    }
}

pub(super) fn say(say: &Say) -> Option<Frame> {
    let (word, body) = match *say {
        Say::Message { row, .. } => {
            let (id, sender) = match row.direction {
                Direction::Inbound => (row.client_id.as_deref().unwrap_or_default(), json!({ "role": "guest" })),
                Direction::Outbound => (row.key(), author(row)),
            };
            let text = row.text.as_deref();
            ("message", json!({ "id": id, "sender": sender, "text": text, "timestamp": iso(row.time) }))
        }
        Say::Typing { .. } => ("typing", json!({ "sender": agent(None), "durationMs": TYPING_MS })),
        Say::Queue { position, wait_seconds } => {
            ("queue", json!({ "position": position, "waitSeconds": wait_seconds }))
        }
        Say::Ended { .. } => ("ended", json!({})),
        Say::Refused { id, status, retry_after } => ("error", refusal("id", id, status, retry_after)),
        _ => return None,
    };
    Some(frame(say, "type", word, body))
}
