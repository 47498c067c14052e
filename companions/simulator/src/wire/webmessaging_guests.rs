//! `webmessaging-guests`: a CONNECT frame says who the visitor is, by ids and a token that is good for one CONNECT.

use serde_json::{Value, json};

use super::guest::{Ask, Say, TYPING_MS, author, frame, refusal, text};
use super::{Direction, Frame};
use crate::wire::time::iso;

pub(crate) const SOCKET: &str = "/api/v2/conversations/webmessaging/websocket";
pub(crate) const MINT: &str = "/api/v2/conversations/webmessaging/guests";

pub(super) fn read(frame: &Value) -> Ask {
    let field = |name| text(frame, name);
    let id = field("requestId");
    match (frame["type"].as_str(), field("conversationId")) {
        (Some("CONNECT"), Some(conversation)) => match (field("guestId"), field("token")) {
            (Some(guest), Some(token)) => Ask::Connect { conversation, guest, token },
            _ => Ask::Unknown { id },
        },
        (Some("SEND_MESSAGE"), Some(conversation)) => match (id, field("text")) {
            (Some(id), Some(text)) => Ask::Text { id: Some(id), conversation: Some(conversation), text },
            (id, _) => Ask::Unknown { id },
        },
        (Some("TYPING"), _) => Ask::Typing,
        (Some("HEARTBEAT"), _) => Ask::Ping,
        _ => Ask::Unknown { id },
    }
}

pub(super) fn say(say: &Say) -> Option<Frame> {
    let (word, body) = match *say {
        Say::Message { row, conversation } => {
            let mut message = match row.direction {
                Direction::Inbound => json!({ "role": "guest", "requestId": row.client_id }),
                Direction::Outbound => author(row),
            };
            message["id"] = row.key().into();
            message["text"] = row.text.as_deref().into();
            message["timestamp"] = iso(row.time).into();
            ("CONVERSATION_UPDATED", json!({ "conversationId": conversation, "messages": [message] }))
        }
        Say::Ended { conversation } => {
            ("CONVERSATION_UPDATED", json!({ "conversationId": conversation, "state": "closed" }))
        }
        Say::Typing { .. } => ("TYPING", json!({ "role": "agent", "durationMs": TYPING_MS })),
        Say::Connected { conversation, resumed } => {
            ("CONNECTED", json!({ "conversationId": conversation, "resumed": resumed }))
        }
        Say::Refused { id, status, retry_after } => ("ERROR", refusal("requestId", id, status, retry_after)),
        Say::Pong => ("HEARTBEAT", json!({})),
        _ => return None,
    };
    Some(frame(say, "type", word, body))
}
