//! `conversation-socket`: the first frame authenticates, the second joins, and an expired token is renewed in place.

use serde_json::{Value, json};

use super::guest::{Ask, AuthForm, Say, TYPING_MS, author, frame, refusal, text};
use super::{Direction, Frame};
use crate::wire::time::iso;

/// Both are the same.
pub(crate) const SOCKETS: [&str; 2] =
    ["/api/v2/conversations/messaging/channels/ws", "/api/v2/conversations/websocket"];
pub(crate) const MINT: &str = "/api/v2/conversations/messaging/channels/token";

pub(super) fn read(frame: &Value) -> Ask {
    let field = |name| text(frame, name);
    let id = field("id");
    if frame["type"] == "auth" {
        return field("token").map_or(Ask::Unknown { id }, |token| Ask::Auth { token, form: AuthForm::Type });
    }
    match frame["action"].as_str() {
        Some("auth") => field("token").map_or(Ask::Unknown { id }, |token| Ask::Auth { token, form: AuthForm::Action }),
        Some("join") => match field("conversationId") {
            Some(conversation) => Ask::Join { conversation },
            None => Ask::Unknown { id },
        },
        Some("message") => match (id, field("text")) {
            (Some(id), Some(text)) => Ask::Text { id: Some(id), conversation: None, text },
            (id, _) => Ask::Unknown { id },
        },
        Some("typing") => Ask::Typing,
        Some("ping") => Ask::Ping,
        _ => Ask::Unknown { id },
    }
}

pub(super) fn say(say: &Say) -> Option<Frame> {
    let (word, body) = match *say {
        Say::Authorized(AuthForm::Type) => return Some(frame(say, "type", "auth-success", json!({}))),
        Say::Authorized(AuthForm::Action) => ("auth", json!({ "status": "success" })),
        Say::AuthFailed => ("auth", json!({ "status": "failed" })),
        Say::AuthExpired => ("auth", json!({ "status": "expired" })),
        Say::Joined { conversation } => ("join", json!({ "status": "success", "conversationId": conversation })),
        Say::Message { row, .. } => {
            let (mut body, id) = match row.direction {
                Direction::Inbound => (json!({ "role": "guest" }), row.client_id.as_deref()),
                Direction::Outbound => (author(row), Some(row.key())),
            };
            body["id"] = id.into();
            body["text"] = row.text.as_deref().into();
            body["timestamp"] = iso(row.time).into();
            ("message", body)
        }
        Say::Typing { .. } => ("typing", json!({ "role": "agent", "durationMs": TYPING_MS })),
        Say::Ended { .. } => ("ended", json!({})),
        Say::Refused { id, status, retry_after } => ("error", refusal("id", id, status, retry_after)),
        Say::Pong => ("pong", json!({})),
        Say::Greeting { .. } | Say::Queue { .. } | Say::Connected { .. } => return None,
    };
    Some(frame(say, "action", word, body))
}
