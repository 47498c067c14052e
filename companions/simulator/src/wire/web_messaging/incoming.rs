//! What a client asks. Read leniently, as the service does: unknown fields are ignored and a missing `tracingId` is
//! fine. What the service would answer with an error is kept as a variant, so that every error is given in one place.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One request frame.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) action: String,
    pub(crate) token: Option<String>,
    pub(crate) tracing_id: Option<String>,
    pub(crate) ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// `configureSession`, or with `code` `configureAuthenticatedSession`.
    Configure { deployment: Option<String>, start_new: bool, authenticated: bool, code: Option<String> },
    /// `getConfiguration`.
    Configuration { deployment: Option<String> },
    /// `onMessage`.
    Message(Message),
    /// `echo`, the health check, with its text.
    Echo(String),
    /// `getJwt`.
    Jwt,
    /// `closeSession`.
    Close { all: bool },
    /// Any of the three attachment requests. Uploads are off.
    Attachment,
    /// A known action without a field that it needs.
    Missing(&'static str),
    /// An action that nobody knows, or no action.
    Unknown,
}

/// The payload of `onMessage`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) said: Said,
    pub(crate) text: Option<String>,
    pub(crate) content: Vec<Value>,
    pub(crate) client_id: Option<String>,
    pub(crate) parent_message_id: Option<String>,
    /// UTF-8 bytes of all custom attributes, keys and values.
    pub(crate) attribute_bytes: usize,
}

/// Which kind of message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Said {
    /// `Text`, `Structured`, or no type at all.
    #[default]
    Content,
    Typing,
    Join,
    Clear,
    /// An event that a guest cannot send.
    UnknownEvent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFrame {
    #[serde(default)]
    action: String,
    token: Option<String>,
    tracing_id: Option<String>,
    deployment_id: Option<String>,
    #[serde(default)]
    start_new: bool,
    #[serde(default)]
    close_all_connections: bool,
    data: Option<RawData>,
    message: Option<RawMessage>,
    channel: Option<RawChannel>,
}

#[derive(Deserialize)]
struct RawData {
    code: Option<String>,
}

#[derive(Deserialize)]
struct RawMessage {
    text: Option<String>,
    #[serde(default)]
    content: Vec<Value>,
    #[serde(default)]
    events: Vec<RawEvent>,
    channel: Option<RawChannel>,
    metadata: Option<RawMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata {
    id: Option<String>,
    parent_message_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvent {
    #[serde(default)]
    event_type: String,
    presence: Option<RawPresence>,
}

#[derive(Deserialize)]
struct RawPresence {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct RawChannel {
    metadata: Option<RawChannelMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawChannelMetadata {
    #[serde(default)]
    custom_attributes: Map<String, Value>,
}

/// Reads a frame. `None` is text that is no request at all: not JSON, no object, or fields of the wrong kind.
pub(crate) fn parse(frame: &str) -> Option<Incoming> {
    let mut raw: RawFrame = serde_json::from_str(frame).ok()?;
    let ask = match raw.action.as_str() {
        "configureSession" | "configureAuthenticatedSession" => Ask::Configure {
            deployment: raw.deployment_id.take(),
            start_new: raw.start_new,
            authenticated: raw.action == "configureAuthenticatedSession",
            code: raw.data.take().and_then(|data| data.code),
        },
        "getConfiguration" => Ask::Configuration { deployment: raw.deployment_id.take() },
        "onMessage" => match raw.message.take() {
            Some(message) => Ask::Message(message.read(raw.channel.as_ref())),
            None => Ask::Missing("message"),
        },
        "echo" => match raw.message.take() {
            Some(message) => Ask::Echo(message.text.unwrap_or_default()),
            None => Ask::Missing("message"),
        },
        "getJwt" => Ask::Jwt,
        "closeSession" => Ask::Close { all: raw.close_all_connections },
        "onAttachment" | "getAttachment" | "deleteAttachment" => Ask::Attachment,
        _ => Ask::Unknown,
    };
    Some(Incoming { action: raw.action, token: raw.token, tracing_id: raw.tracing_id, ask })
}

impl Incoming {
    /// The names under which fault rules know this request.
    pub(crate) fn names(&self) -> [&str; 2] {
        let what = match &self.ask {
            Ask::Message(message) => match message.said {
                Said::Content => "text",
                Said::Typing => "Typing",
                Said::Join => "Join",
                Said::Clear => "Clear",
                Said::UnknownEvent => "event",
            },
            _ => self.action.as_str(),
        };
        [&self.action, what]
    }
}

impl RawMessage {
    /// Attributes are accepted in the message's channel and in the frame's own; clients of both habits exist.
    fn read(self, frame_channel: Option<&RawChannel>) -> Message {
        let said = match self.events.first() {
            None => Said::Content,
            Some(event) => event.read(),
        };
        let channels = [self.channel.as_ref(), frame_channel];
        let attribute_bytes = channels.into_iter().flatten().map(RawChannel::attribute_bytes).sum();
        let (client_id, parent_message_id) =
            self.metadata.map_or((None, None), |metadata| (metadata.id, metadata.parent_message_id));
        Message { said, text: self.text, content: self.content, client_id, parent_message_id, attribute_bytes }
    }
}

impl RawEvent {
    fn read(&self) -> Said {
        let presence = self.presence.as_ref().map_or("", |presence| presence.kind.as_str());
        match (self.event_type.as_str(), presence) {
            ("Typing", _) => Said::Typing,
            ("Presence", "Join") => Said::Join,
            ("Presence", "Clear") => Said::Clear,
            _ => Said::UnknownEvent,
        }
    }
}

impl RawChannel {
    fn attribute_bytes(&self) -> usize {
        let Some(metadata) = &self.metadata else { return 0 };
        metadata
            .custom_attributes
            .iter()
            .map(|(key, value)| key.len() + value.as_str().map_or_else(|| value.to_string().len(), str::len))
            .sum()
    }
}
