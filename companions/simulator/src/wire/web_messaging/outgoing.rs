//! What the service says: the envelope `{type, class, code, body, tracingId?}` around each class, and message bodies as
//! they look live and in history.

use serde_json::{Map, Value, json};

use crate::backend::{Direction, Kind, Row};
use crate::wire::Frame;
use crate::wire::time::iso;

/// Whether the frame answers this connection's request or is told to every connection of the session.
#[derive(Clone, Copy)]
enum Envelope {
    Response,
    Push,
}

fn frame(envelope: Envelope, class: &'static str, code: u16, body: Value, tracing_id: Option<&str>) -> Frame {
    let kind = match envelope {
        Envelope::Response => "response",
        Envelope::Push => "message",
    };
    let mut whole = json!({ "type": kind, "class": class, "code": code });
    // Moved in: `json!` would copy it, and a run of the simulation is mostly frames.
    whole["body"] = body;
    if let Some(id) = tracing_id {
        whole["tracingId"] = id.into();
    }
    Frame { names: vec![class], text: whole.to_string() }
}

/// What the `SessionResponse` to a configure tells.
pub(crate) struct Welcome {
    pub(crate) new_session: bool,
    pub(crate) read_only: bool,
    pub(crate) auto_started: bool,
    pub(crate) attribute_bytes: usize,
    pub(crate) duration_seconds: u64,
    /// Unix milliseconds here; the wire has whole seconds.
    pub(crate) expires: u64,
}

/// The `SessionResponse` to a configure.
pub(crate) fn session(welcome: &Welcome, tracing_id: Option<&str>) -> Frame {
    let body = json!({
        "connected": true,
        "newSession": welcome.new_session,
        "readOnly": welcome.read_only,
        "clearedExistingSession": false,
        "autoStarted": welcome.auto_started,
        "allowedMedia": {},
        "blockedExtensions": [],
        "maxCustomDataBytes": welcome.attribute_bytes,
        "durationSeconds": welcome.duration_seconds,
        "expirationDate": welcome.expires / 1000,
    });
    frame(Envelope::Response, "SessionResponse", 200, body, tracing_id)
}

/// The `SessionResponse` to `closeSession`.
pub(crate) fn session_over(tracing_id: Option<&str>) -> Frame {
    let body = json!({ "connected": false, "readOnly": true });
    frame(Envelope::Response, "SessionResponse", 200, body, tracing_id)
}

/// `GetConfigurationResponse`.
pub(crate) fn configuration(attribute_bytes: usize, duration_seconds: u64, tracing_id: Option<&str>) -> Frame {
    let body = json!({
        "allowedMedia": {},
        "blockedExtensions": [],
        "maxCustomDataBytes": attribute_bytes,
        "messageRoutingEnabled": true,
        "sessionDurationSeconds": duration_seconds,
    });
    frame(Envelope::Response, "GetConfigurationResponse", 200, body, tracing_id)
}

/// An error: `class:"string"`, HTTP-like or 4xxx code, plain text.
pub(crate) fn error(code: u16, text: &str, tracing_id: Option<&str>) -> Frame {
    let mut frame = frame(Envelope::Response, "string", code, text.into(), tracing_id);
    frame.names.push("error");
    frame
}

/// `TooManyRequestsErrorMessage`; `retry_after` in seconds, absent only by fault.
pub(crate) fn too_many(retry_after: Option<u64>, tracing_id: Option<&str>) -> Frame {
    let mut body = json!({ "errorCode": 4029, "errorMessage": "Message rate too high for this session" });
    if let Some(seconds) = retry_after {
        body["retryAfter"] = seconds.into();
    }
    frame(Envelope::Response, "TooManyRequestsErrorMessage", 429, body, tracing_id)
}

/// `JwtResponse`; `exp` in epoch seconds.
pub(crate) fn jwt(jwt: &str, exp: u64, tracing_id: Option<&str>) -> Frame {
    frame(Envelope::Response, "JwtResponse", 200, json!({ "jwt": jwt, "exp": exp }), tracing_id)
}

/// The four events without a body: `SessionExpiredEvent`, `SessionClearedEvent`, `ConnectionClosedEvent`,
/// `LogoutEvent`.
pub(crate) fn bare_event(class: &'static str) -> Frame {
    frame(Envelope::Push, class, 200, json!({}), None)
}

/// The answer to a health check. Here duration and expiry are strings.
pub(crate) fn pong(id: &str, text: &str, duration_seconds: u64, expires: u64, tracing_id: Option<&str>) -> Frame {
    let body = json!({
        "type": "Text",
        "direction": "Inbound",
        "text": text,
        "id": id,
        "metadata": {
            "durationSeconds": duration_seconds.to_string(),
            "expirationDate": (expires / 1000).to_string(),
        },
    });
    frame(Envelope::Response, "StructuredMessage", 200, body, tracing_id)
}

/// Somebody types. Never kept in history.
pub(crate) fn typing(
    id: &str,
    direction: Direction,
    nickname: Option<&str>,
    now: u64,
    tracing_id: Option<&str>,
) -> Frame {
    let typing = match direction {
        Direction::Inbound => json!({ "type": "On" }),
        Direction::Outbound => json!({ "type": "On", "duration": 5000 }),
    };
    let body = json!({
        "id": id,
        "type": "Event",
        "direction": direction,
        "originatingEntity": "Human",
        "channel": { "time": iso(now), "type": "Private", "from": from(nickname), "to": {} },
        "events": [{ "eventType": "Typing", "typing": typing }],
    });
    let mut frame = frame(Envelope::Push, "StructuredMessage", 200, body, tracing_id);
    frame.names.extend([name_of(direction), "Typing"]);
    frame
}

/// An accepted message or presence event, told to every connection of its session. The frame-level `tracingId` of the
/// visitor's own is the only acknowledgement there is.
pub(crate) fn message(row: &Row) -> Frame {
    let body = message_body(row, View::Live);
    let mut frame = frame(Envelope::Push, "StructuredMessage", 200, body, row.tracing_id.as_deref());
    frame.names.push(name_of(row.direction));
    frame.names.push(match row.kind {
        Kind::Message => "text",
        Kind::Join => "Join",
        Kind::Clear => "Clear",
        Kind::Disconnect => "Disconnect",
    });
    frame
}

/// Where a message body is seen.
#[derive(Clone, Copy)]
pub(crate) enum View {
    Live,
    History { client_id: bool },
}

/// Live, the visitor's messages have a 32-hex `id` and a `channel.messageId`; history shows the latter as `id`.
pub(crate) fn message_body(row: &Row, view: View) -> Value {
    let mut channel = json!({
        "time": iso(row.time),
        "type": "Private",
        "from": from(row.nickname.as_deref()),
        "to": {},
    });
    let (id, shows_client_id) = match view {
        View::Live => {
            if let Some(message_id) = &row.message_id {
                channel["messageId"] = message_id.as_str().into();
            }
            (row.id.as_str(), true)
        }
        View::History { client_id } => (row.key(), client_id),
    };
    let mut body = json!({
        "id": id,
        "type": row.wire_type(),
        "direction": row.direction,
        "originatingEntity": if row.by_bot { "Bot" } else { "Human" },
    });
    body["channel"] = channel;
    body["metadata"] = metadata(row, shows_client_id);
    if let Some(text) = &row.text {
        body["text"] = text.as_str().into();
    }
    if !row.content.is_empty() {
        body["content"] = row.content.clone().into();
    }
    if let Some(presence) = row.presence() {
        body["events"] = json!([{ "eventType": "Presence", "presence": { "type": presence } }]);
    }
    body
}

fn metadata(row: &Row, shows_client_id: bool) -> Value {
    let mut metadata = Map::new();
    metadata.insert("correlationId".into(), row.correlation_id.as_str().into());
    if let Some(id) = row.client_id.as_deref().filter(|_| shows_client_id) {
        metadata.insert("id".into(), id.into());
    }
    if let Some(id) = &row.parent_message_id {
        metadata.insert("parentMessageId".into(), id.as_str().into());
    }
    if row.read_only {
        metadata.insert("readOnly".into(), "true".into());
    }
    metadata.into()
}

fn from(nickname: Option<&str>) -> Value {
    nickname.map_or_else(|| json!({}), |name| json!({ "nickname": name }))
}

fn name_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
    }
}
