//! What the wires have in common that five threads describe: messages with an id, a role and a time, and tokens in the address.

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

#[cfg(feature = "signs")]
use super::Signs;
use super::{About, Habits, Opening, Refusal, Renewal, Row, RowContent, ServerEvent, Speaker, Wire, attempt_of};
use crate::config::Config;
use crate::io::Response;
use crate::json::Value;
use crate::message::{Author, MessageId};
use crate::time::{SECOND, Timestamp};

/// What is common to the habits of these wires: a token in the address, that lives as long as its connection; messages that are answered;
/// and nothing else that can be asked.
pub(super) const HABITS: Habits = Habits {
    name: "",
    host: Some("api"),
    path: "",
    opening: Opening::Silence,
    renewal: Renewal::Replacement,
    spends_tokens: false,
    silent_close: 1000,
    acknowledges: true,
    has_history: false,
    answers_probes: false,
    can_restart: false,
    has_own_tokens: false,
    #[cfg(feature = "signs")]
    signs: SIGNS,
};

#[cfg(feature = "signs")]
pub(super) const SIGNS: Signs =
    Signs { says_conversation: false, says_guest: false, refuses_upgrade: false, missing_right: "" };

/// The socket's address. Some that are told of have an id in their path, and a page writes its name there.
pub(super) fn address(config: &Config, speaker: &Speaker) -> String {
    let mut url = String::new();
    for part in config.socket_url.split_inclusive(['{', '}']) {
        url += match part {
            "conversationId}" => &speaker.conversation,
            "guestId}" => &speaker.guest,
            part => part.strip_suffix('{').unwrap_or(part),
        };
    }
    url
}

/// The socket's address with the token in it. What may stand in a query stands there as it is (RFC 3986, 3.4); the rest is escaped.
pub(super) fn with_token(config: &Config, speaker: &Speaker) -> String {
    let mut url = format!("{}?token=", config.socket_url);
    for byte in speaker.token.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(byte.into());
        } else {
            let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble & 15)]);
            url.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
    url
}

pub(super) fn frame<const N: usize>(members: [(&str, Value); N]) -> Wire {
    Wire::Frame(Value::object(members))
}

/// What most of these wires say in the same words. `sender` has the role and the name of whoever said it; its text is under `text`.
pub(super) fn heard(word: &str, frame: &Value, sender: &Value, text: &str) -> Vec<ServerEvent> {
    match word {
        "message" => vec![said(frame, sender, text)],
        "typing" => vec![typing(frame)],
        "queue" => place_in_line(frame).into_iter().collect(),
        "error" => refused(frame, "id"),
        "ended" | "closed" => vec![ended()],
        _ => Vec::new(),
    }
}

/// A message of `sender`'s. One whose words are not known is not passed over: a developer is told of it.
pub(super) fn said(frame: &Value, sender: &Value, text: &str) -> ServerEvent {
    let text = frame.at(text).as_str().unwrap_or_default().to_owned();
    let Some(id) = id_of(frame) else { return ServerEvent::Unreadable };
    let content = match sender.at("role").as_str() {
        _ if text.is_empty() => RowContent::Nothing,
        Some("guest") => {
            let mark = frame.at("requestId").as_text().unwrap_or(&id);
            RowContent::Inbound { local_id: Some(attempt_of(mark).0), text }
        }
        Some(role) => {
            let name = sender.at("name").as_text().map(ToOwned::to_owned);
            RowContent::Outbound { author: Author { name, is_bot: role == "bot" }, text, has_more: false }
        }
        None => return ServerEvent::Unreadable,
    };
    ServerEvent::Row(Row { id: MessageId(id), time: time(frame), content })
}

/// A backend may number what it says, as long as the number is one that JavaScript tells from the next.
fn id_of(frame: &Value) -> Option<String> {
    let id = frame.at("id");
    id.as_text()
        .map(ToOwned::to_owned)
        .or_else(|| id.as_u64().filter(|number| *number < 1 << 53).map(|number| format!("{number}")))
}

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.at("timestamp").as_str().and_then(Timestamp::parse)
}

/// The conversation was ended by the other side. The word for it carries no id; there is one end to a conversation.
pub(super) fn ended() -> ServerEvent {
    ServerEvent::Row(Row { id: MessageId("ended".to_owned()), time: None, content: RowContent::Ended })
}

/// What comes back of a sign that somebody types.
pub(super) fn typing(frame: &Value) -> ServerEvent {
    ServerEvent::Typing { lasts: frame.at("durationMs").as_u64() }
}

fn place_in_line(frame: &Value) -> Option<ServerEvent> {
    let number = |name| frame.at(name).as_u64().and_then(|number| u32::try_from(number).ok());
    Some(ServerEvent::Queue(number("position")?, number("waitSeconds")))
}

/// A refusal that names an HTTP status, and what it is about under this name.
pub(super) fn refused(frame: &Value, name: &str) -> Vec<ServerEvent> {
    let code = frame.at("status").as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
    let wait = frame.at("retryAfter").as_u64().map(|seconds| seconds.saturating_mul(SECOND));
    let refusal = why(code, wait);
    // Every message is named by its id, so that what is called too much without one is something else, such as a sign of typing.
    let unnamed = if matches!(refusal, Refusal::RateLimited(_)) { About::Signal } else { About::Unknown };
    let about = frame.at(name).as_text().map_or(unnamed, |mark| {
        let (id, attempt) = attempt_of(mark);
        About::Message { id, attempt }
    });
    vec![ServerEvent::Refused { about, refusal, code }]
}

pub(super) fn why(status: u16, wait: Option<crate::time::Millis>) -> Refusal {
    match status {
        401 | 403 => Refusal::Unauthorized,
        413 => Refusal::TooLong,
        429 => Refusal::RateLimited(wait),
        408 | 500..=599 => Refusal::Server,
        _ => Refusal::Invalid,
    }
}

/// What an answer to a message means that went by HTTP.
pub(super) fn sent(response: &Response) -> Result<(Option<MessageId>, Option<Timestamp>), Refusal> {
    match response.status {
        200..=299 => {
            let body = response.body.as_ref().unwrap_or(&Value::Null);
            Ok((body.at("id").as_text().map(|id| MessageId(id.to_owned())), time(body)))
        }
        status => Err(why(status, response.retry_after)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::dialect::{ClientOp, Dialect};
    use crate::message::LocalId;

    /// A dialect of a page in Ireland, and what is said in it.
    pub(crate) struct Bench(pub(crate) &'static dyn Dialect);

    impl Bench {
        fn config(&self) -> Config {
            let settings = Settings {
                deployment_id: Some("d-1".into()),
                region: Some("mypurecloud.ie".into()),
                dialect: Some(self.0.habits().name.into()),
                socket_url: self.0.habits().host.is_none().then(|| "wss://chat.example/path".into()),
                token_url: Some("https://shop.example/t".into()),
                page_origin: "https://shop.example".into(),
                ..Settings::default()
            };
            Config::new(&settings).expect("fit for use")
        }

        fn speaker() -> Speaker {
            Speaker { token: "to/k".into(), conversation: "c-1".into(), guest: "g-1".into() }
        }

        pub(crate) fn url(&self) -> String {
            self.0.socket_url(&self.config(), &Self::speaker())
        }

        /// Where the page says that the socket is there.
        pub(crate) fn url_at(&self, place: &str) -> String {
            let mut config = self.config();
            config.socket_url = place.into();
            self.0.socket_url(&config, &Self::speaker())
        }

        /// The bytes that go out; none where the wire has no such word.
        pub(crate) fn says(&self, op: &ClientOp<'_>) -> String {
            match self.0.encode(&self.config(), &Self::speaker(), "t-1", op) {
                None => String::new(),
                Some(Wire::Frame(frame)) => serde_json::to_string(&frame).expect("JSON"),
                Some(Wire::Http(request)) => {
                    let body = serde_json::to_string(&request.body.expect("a body")).expect("JSON");
                    format!("{:?} {} {} {body}", request.method, request.url, request.authorization.unwrap_or_default())
                }
            }
        }

        /// Where a message goes if the page says that messages are posted there.
        pub(crate) fn posted_to(&self, place: &str) -> String {
            let mut config = self.config();
            config.post_url = Some(place.into());
            let id = LocalId("m-1".into());
            let op = ClientOp::Text { id: &id, attempt: 1, text: "hi", written: Timestamp(0) };
            match self.0.encode(&config, &Self::speaker(), "t-1", &op) {
                Some(Wire::Http(request)) => request.url,
                other => panic!("{other:?} is not posted"),
            }
        }

        pub(crate) fn text(&self, attempt: u32) -> String {
            let id = LocalId("m-1".into());
            self.says(&ClientOp::Text { id: &id, attempt, text: "hi \"you\"", written: Timestamp(1_791_190_800_120) })
        }

        pub(crate) fn hears(&self, frame: &str) -> Vec<ServerEvent> {
            self.0.decode_frame(&serde_json::from_str(frame).expect("JSON")).expect("of this language")
        }
    }

    /// An agent's line, as every wire has it in the end.
    pub(crate) fn from_agent(id: &str) -> Vec<ServerEvent> {
        let author = Author { name: Some("Ada".into()), is_bot: false };
        let content = RowContent::Outbound { author, text: "hello".into(), has_more: false };
        vec![ServerEvent::Row(Row { id: MessageId(id.into()), time: Some(Timestamp(1_791_190_800_120)), content })]
    }

    /// The echo of the visitor's own line.
    pub(crate) fn echo(id: &str, local_id: &str) -> Vec<ServerEvent> {
        let content = RowContent::Inbound { local_id: Some(LocalId(local_id.into())), text: "hello".into() };
        vec![ServerEvent::Row(Row { id: MessageId(id.into()), time: Some(Timestamp(1_791_190_800_120)), content })]
    }

    pub(crate) fn refusal(refusal: Refusal, code: u16, attempt: u32) -> Vec<ServerEvent> {
        let about = About::Message { id: LocalId("m-1".into()), attempt };
        vec![ServerEvent::Refused { about, refusal, code }]
    }

    #[test]
    fn every_wire_skips_what_it_does_not_know_and_refuses_what_is_no_frame_of_it() {
        for dialect in super::super::DIALECTS.iter().copied() {
            let unknown = r#"{"type":"new","action":"new","class":"New"}"#;
            assert_eq!(Bench(dialect).hears(unknown), [], "{dialect:?}");
            for frame in ["{}", "[]", "7", r#"{"type":7}"#] {
                assert!(dialect.decode_frame(&serde_json::from_str(frame).unwrap()).is_err(), "{dialect:?} {frame}");
            }
        }
    }

    #[test]
    fn a_line_may_have_a_number_for_an_id() {
        let said = |id: &str| {
            let frame = format!(
                r#"{{"id":{id},"role":"agent","name":"Ada","text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}}"#
            );
            let frame = serde_json::from_str(&frame).expect("JSON");
            vec![said(&frame, &frame, "text")]
        };
        assert_eq!([said("17"), said("\"17\"")], [from_agent("17"), from_agent("17")]);
        for none in ["null", "{}", "-1", "9007199254740993"] {
            assert_eq!(said(none), [ServerEvent::Unreadable], "{none}: it could not be told from another");
        }
    }

    #[test]
    fn a_status_means_the_same_on_every_wire() {
        let why = |status| why(status, Some(2_000));
        assert_eq!([401, 403].map(why), [Refusal::Unauthorized; 2]);
        assert_eq!([408, 500, 503].map(why), [Refusal::Server; 3]);
        assert_eq!([400, 404, 409].map(why), [Refusal::Invalid; 3]);
        assert_eq!([413, 429].map(why), [Refusal::TooLong, Refusal::RateLimited(Some(2_000))]);
    }
}
