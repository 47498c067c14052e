//! Genesys' published Web Messaging protocol: flat JSON frames with an `action` out, an envelope with a `class` in, and history by
//! REST with a short-lived key that is asked for on the socket. Echo is acknowledgement: a message is taken when it comes back
//! to us as an inbound one with our tracing id.

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

use super::{
    About, ClientOp, Deployment, Dialect, Habits, HistoryPage, NotOurs, Opening, Refusal, Renewal, Row, RowContent,
    ServerEvent, Speaker, Wire, attempt_of, mark_attempt,
};
use crate::config::Config;
use crate::io::{Method, Request, Response};
use crate::json::{Value, take_members};
use crate::message::{Author, LocalId, MessageId};
use crate::time::{SECOND, Timestamp};

/// Genesys' published Web Messaging protocol.
pub struct WebMessaging;

/// Rows on a page of history; what Genesys' own clients ask for.
const PAGE_SIZE: u32 = 25;

static HABITS: Habits = Habits {
    name: "web-messaging",
    host: Some("webmessaging"),
    path: "/v1",
    opening: Opening::Hello,
    // A token is the session, and the next grant says the same one again.
    renewal: Renewal::Later,
    spends_tokens: false,
    silent_close: 1000,
    acknowledges: true,
    has_history: true,
    answers_probes: true,
    can_restart: true,
    has_own_tokens: true,
    #[cfg(feature = "signs")]
    signs: super::Signs {
        says_conversation: false,
        says_guest: false,
        refuses_upgrade: false,
        missing_right: "the socket is closed with 1000, without a word",
    },
};

impl Dialect for WebMessaging {
    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn socket_url(&self, config: &Config, _: &Speaker) -> String {
        format!("{}?deploymentId={}", config.socket_url, config.deployment_id)
    }

    fn encode(&self, config: &Config, Speaker { token, .. }: &Speaker, trace: &str, op: &ClientOp<'_>) -> Option<Wire> {
        let deployment = || Value::from(config.deployment_id.as_str());
        Some(match op {
            ClientOp::Hello { start_new, trace: whole } => {
                let start_new = start_new.then_some(true);
                frame(
                    "configureSession",
                    token,
                    &mark(HELLO, whole.unwrap_or(trace)),
                    [("deploymentId", deployment()), ("startNew", start_new.into())],
                )
            }
            // Both ids: the frame's is what the echo carries, the message's own is what history may still carry later.
            ClientOp::Text { id, attempt, text, .. } => frame(
                "onMessage",
                token,
                &mark_attempt(id, *attempt),
                [(
                    "message",
                    Value::object([
                        ("type", "Text".into()),
                        ("text", (*text).into()),
                        ("metadata", Value::object([("id", id.0.as_str().into())])),
                    ]),
                )],
            ),
            ClientOp::Typing => {
                let typing = Value::object([("type", "On".into())]);
                event(token, &mark(SIGNAL, trace), [("eventType", "Typing".into()), ("typing", typing)])
            }
            ClientOp::Join => {
                let presence = Value::object([("type", "Join".into())]);
                event(token, &mark(SIGNAL, trace), [("eventType", "Presence".into()), ("presence", presence)])
            }
            ClientOp::Probe => {
                let ping = Value::object([("type", "Text".into()), ("text", "ping".into())]);
                frame("echo", token, &mark(SIGNAL, trace), [("message", ping)])
            }
            ClientOp::Enter | ClientOp::Renew => return None,
            ClientOp::HistoryKey => frame("getJwt", token, &mark(HISTORY_KEY, trace), []),
            ClientOp::End => frame("closeSession", token, &mark(END, trace), [("closeAllConnections", true.into())]),
            ClientOp::History { key, page } => Wire::Http(Request {
                authorization: Some(format!("bearer {key}")),
                ..get(
                    config,
                    format!(
                        "{}/api/v2/webmessaging/messages?pageNumber={page}&pageSize={PAGE_SIZE}",
                        config.api_origin
                    ),
                )
            }),
            ClientOp::Deployment => Wire::Http(get(
                config,
                format!("{}/webdeployments/v1/deployments/{}/config.json", config.files_origin, config.deployment_id),
            )),
        })
    }

    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        let class = frame.at("class").as_str().ok_or(NotOurs)?;
        let code = frame.at("code").as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(200);
        // The service's own bundle accepts `message` in the place of `body`.
        let body = Some(frame.at("body")).filter(|body| **body != Value::Null).unwrap_or(frame.at("message"));
        let trace = frame.at("tracingId").as_str().unwrap_or_default();
        let event = match class {
            "SessionResponse" if code < 300 => Some(session(body)),
            "StructuredMessage" if code < 300 => {
                return Ok(structured_message(body, trace, frame.at("type").as_str() == Some("response")));
            }
            "JwtResponse" if code < 300 => body.at("jwt").as_text().map(|jwt| ServerEvent::HistoryKey(jwt.to_owned())),
            "SessionExpiredEvent" => Some(ServerEvent::Expired),
            "SessionClearedEvent" => Some(ServerEvent::Cleared),
            "ConnectionClosedEvent" => Some(ServerEvent::TakenOver),
            "LogoutEvent" => Some(ServerEvent::LoggedOut),
            _ if code >= 300 => Some(refused(code, body, trace)),
            // A class of another feature, or of a later version.
            _ => None,
        };
        Ok(event.into_iter().collect())
    }

    fn decode_history(&self, response: &Response) -> Option<HistoryPage> {
        let body = response.body.as_ref()?;
        if !matches!(body.at("entities"), Value::Array(_)) {
            return None;
        }
        let number = |name| body.at(name).as_u64();
        let (page, pages) = (number("pageNumber").unwrap_or(1), number("pageCount").unwrap_or(1));
        Some(HistoryPage {
            rows: body.at("entities").elements().iter().filter_map(|entity| row(entity, None)).collect(),
            has_more: page < pages,
            page_size: number("pageSize").and_then(|size| u32::try_from(size).ok()).unwrap_or(PAGE_SIZE).max(1),
        })
    }

    fn decode_deployment(&self, response: &Response) -> Option<Deployment> {
        let body = response.body.as_ref()?;
        let status = body.at("status").as_str()?;
        let conversations = body.at("messenger").at("apps").at("conversations");
        let is_on = |value: &Value| value.as_bool().unwrap_or(false);
        let humanize = conversations.at("humanize");
        let bot = humanize.at("bot").at("name").as_text().filter(|_| is_on(humanize.at("enabled")));
        Some(Deployment {
            is_active: status == "Active",
            auto_start: is_on(conversations.at("autoStart").at("enabled")),
            tells_typing: is_on(conversations.at("showUserTypingIndicator")),
            shows_typing: is_on(conversations.at("showAgentTypingIndicator")),
            shows_names: humanize.at("enabled").as_bool().unwrap_or(true),
            bot_name: bot.map(ToOwned::to_owned),
        })
    }
}

// A tracing id of ours that is no message's begins with what it belongs to, so that its answer can be read without a memory.
const HELLO: &str = "hello-";
const SIGNAL: &str = "signal-";
const HISTORY_KEY: &str = "key-";
const END: &str = "end-";

fn mark(kind: &str, trace: &str) -> String {
    format!("{kind}{trace}")
}

fn about(trace: &str) -> About {
    match trace {
        "" => About::Unknown,
        _ if trace.starts_with(HELLO) => About::Hello,
        _ if trace.starts_with(SIGNAL) => About::Signal,
        _ if trace.starts_with(HISTORY_KEY) => About::HistoryKey,
        _ if trace.starts_with(END) => About::End,
        _ => {
            let (id, attempt) = attempt_of(trace);
            About::Message { id, attempt }
        }
    }
}

fn frame<const N: usize>(action: &str, token: &str, trace: &str, mut members: [(&str, Value); N]) -> Wire {
    let mut common = [("action", action.into()), ("token", token.into()), ("tracingId", trace.into())];
    let mut object = Vec::new();
    take_members(&mut object, &mut common);
    take_members(&mut object, &mut members);
    Wire::Frame(Value::Object(object))
}

fn event<const N: usize>(token: &str, trace: &str, members: [(&str, Value); N]) -> Wire {
    let events = Value::from([Value::object(members)]);
    let message = Value::object([("type", "Event".into()), ("events", events)]);
    frame("onMessage", token, trace, [("message", message)])
}

fn get(config: &Config, url: String) -> Request {
    Request {
        method: Method::Get,
        url,
        authorization: None,
        trace: None,
        body: None,
        with_cookies: false,
        timeout: config.timings.request,
    }
}

fn session(body: &Value) -> ServerEvent {
    let is = |name| body.at(name).as_bool().unwrap_or(false);
    if is("connected") {
        ServerEvent::Ready { is_new: is("newSession"), is_read_only: is("readOnly") }
    } else {
        ServerEvent::SessionEnded
    }
}

fn structured_message(body: &Value, trace: &str, is_response: bool) -> Vec<ServerEvent> {
    if is_response {
        // Only health checks are answered by a message of this type; it is never shown.
        return vec![ServerEvent::ProbeAnswered];
    }
    let mut events = Vec::new();
    let is_outbound = body.at("direction").as_str() == Some("Outbound");
    for event in body.at("events").elements() {
        if event.at("eventType").as_str() == Some("Typing") {
            if !is_outbound {
                // Our own sign, back. History does not hold it, so it is no row.
                events.push(ServerEvent::ProbeAnswered);
                continue;
            }
            let typing = event.at("typing");
            let is_off = typing.at("type").as_str() == Some("Off");
            // The service's own bundle reads `durationMs` too.
            let lasts = typing.at("duration").as_u64().or(typing.at("durationMs").as_u64());
            events.push(ServerEvent::Typing { lasts: if is_off { Some(0) } else { lasts } });
        }
    }
    if events.is_empty() {
        let echo = match about(trace) {
            About::Message { id, .. } => Some(id),
            _ => None,
        };
        events.extend(row(body, echo).map(ServerEvent::Row));
    }
    events
}

/// One message, live or from history. `echo` is the id that the frame around it carried.
fn row(body: &Value, echo: Option<LocalId>) -> Option<Row> {
    let channel = body.at("channel");
    // History knows a message by what live frames call `channel.messageId`; where that is missing, both call it `id`.
    let id = channel.at("messageId").as_text().or(body.at("id").as_text())?;
    Some(Row {
        id: MessageId(id.to_owned()),
        time: channel.at("time").as_str().and_then(Timestamp::parse),
        content: content(body, echo),
    })
}

fn content(body: &Value, echo: Option<LocalId>) -> RowContent {
    let is_inbound = match body.at("direction").as_str() {
        Some("Inbound") => true,
        Some("Outbound") => false,
        _ => return RowContent::Nothing,
    };
    if body.at("type").as_str() == Some("Event") {
        return presence(body, is_inbound);
    }
    let text = body.at("text").as_str().unwrap_or_default().to_owned();
    let parts = body.at("content").elements();
    if is_inbound {
        let own = || body.at("metadata").at("id").as_text().map(|id| LocalId(id.to_owned()));
        let local_id = echo.or_else(own);
        return if text.is_empty() { RowContent::Nothing } else { RowContent::Inbound { local_id, text } };
    }
    if text.is_empty() && parts.is_empty() {
        return RowContent::Nothing;
    }
    let from = body.at("channel").at("from");
    let name = from.at("nickname").as_text().or(from.at("firstName").as_text());
    let author =
        Author { name: name.map(ToOwned::to_owned), is_bot: body.at("originatingEntity").as_str() == Some("Bot") };
    RowContent::Outbound { author, text, has_more: !parts.is_empty() }
}

fn presence(body: &Value, is_inbound: bool) -> RowContent {
    let word = body.at("events").elements().iter().find_map(|event| event.at("presence").at("type").as_str());
    match (word, is_inbound) {
        (Some("Join"), true) => RowContent::Joined,
        (Some("SignIn"), true) => {
            let name = body.at("channel").at("from").at("firstName").as_text();
            RowContent::SignedIn(name.map(ToOwned::to_owned))
        }
        (Some("Disconnect"), false) => match body.at("metadata").at("readOnly") {
            Value::String(yes) if yes == "true" => RowContent::Ended,
            Value::Bool(true) => RowContent::Ended,
            _ => RowContent::Left,
        },
        _ => RowContent::Nothing,
    }
}

fn refused(code: u16, body: &Value, trace: &str) -> ServerEvent {
    let words = body.as_str().or(body.at("errorMessage").as_str()).or(body.at("message").as_str()).unwrap_or_default();
    let about = about(trace);
    let refusal = match code {
        429 | 4029 => Refusal::RateLimited(body.at("retryAfter").as_u64().map(|s| s.saturating_mul(SECOND))),
        4011 => Refusal::TooLong,
        4006 | 4017 => Refusal::Expired,
        4007 => Refusal::Unknown,
        409 => Refusal::ReadOnly,
        401 => Refusal::Unauthorized,
        403 if is_about_a_switch(words) => Refusal::SwitchedOff,
        403 if is_about_the_token(words) => Refusal::Unauthorized,
        // A refused hello leaves nothing else that could be meant.
        403 if about == About::Hello => Refusal::Unauthorized,
        408 | 500..=599 | 5000..=5999 => Refusal::Server,
        _ => Refusal::Invalid,
    };
    ServerEvent::Refused { about, refusal, code }
}

/// The service tells these apart from a lost permission by words alone.
fn is_about_a_switch(words: &str) -> bool {
    words.starts_with("Turn on the Feature Toggle") || words.ends_with("are not supported")
}

fn is_about_the_token(words: &str) -> bool {
    words.starts_with("Session authentication failed")
        || words.starts_with("Try to authenticate again")
        || words.starts_with("HTTP authorization error")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn decode(text: &str) -> Vec<ServerEvent> {
        WebMessaging.decode_frame(&read(text)).unwrap()
    }

    fn refusal(text: &str) -> (About, Refusal) {
        match decode(text).remove(0) {
            ServerEvent::Refused { about, refusal, .. } => (about, refusal),
            other => panic!("{other:?}"),
        }
    }

    fn encode(op: &ClientOp<'_>) -> String {
        let settings = crate::config::Settings {
            deployment_id: Some("d-1".into()),
            region: Some("mypurecloud.ie".into()),
            ..Default::default()
        };
        let speaker = Speaker { token: "tok".into(), ..Speaker::default() };
        match WebMessaging.encode(&Config::new(&settings).unwrap(), &speaker, "t1", op).unwrap() {
            Wire::Frame(frame) => serde_json::to_string(&frame).unwrap(),
            Wire::Http(request) => format!("{:?} {} {:?}", request.method, request.url, request.authorization),
        }
    }

    #[test]
    fn frames_are_written_as_documented() {
        assert_eq!(
            encode(&ClientOp::Hello { start_new: false, trace: None }),
            r#"{"action":"configureSession","token":"tok","tracingId":"hello-t1","deploymentId":"d-1"}"#
        );
        assert_eq!(
            encode(&ClientOp::Hello { start_new: true, trace: None }),
            r#"{"action":"configureSession","token":"tok","tracingId":"hello-t1","deploymentId":"d-1","startNew":true}"#
        );
        assert_eq!(
            encode(&ClientOp::Text {
                id: &LocalId("m1".into()),
                attempt: 1,
                text: "hi \"you\"",
                written: Timestamp(0)
            }),
            r#"{"action":"onMessage","token":"tok","tracingId":"m1","message":{"type":"Text","text":"hi \"you\"","metadata":{"id":"m1"}}}"#
        );
        assert_eq!(
            encode(&ClientOp::Text { id: &LocalId("m1".into()), attempt: 2, text: "hi", written: Timestamp(0) }),
            r#"{"action":"onMessage","token":"tok","tracingId":"m1.2","message":{"type":"Text","text":"hi","metadata":{"id":"m1"}}}"#
        );
        assert_eq!(
            encode(&ClientOp::Typing),
            r#"{"action":"onMessage","token":"tok","tracingId":"signal-t1","message":{"type":"Event","events":[{"eventType":"Typing","typing":{"type":"On"}}]}}"#
        );
        assert_eq!(
            encode(&ClientOp::Join),
            r#"{"action":"onMessage","token":"tok","tracingId":"signal-t1","message":{"type":"Event","events":[{"eventType":"Presence","presence":{"type":"Join"}}]}}"#
        );
        assert_eq!(
            encode(&ClientOp::Probe),
            r#"{"action":"echo","token":"tok","tracingId":"signal-t1","message":{"type":"Text","text":"ping"}}"#
        );
        let traced = encode(&ClientOp::Hello { start_new: false, trace: Some("00-t-p-01") });
        assert!(traced.contains(r#""tracingId":"hello-00-t-p-01""#), "{traced}");
        assert_eq!(encode(&ClientOp::HistoryKey), r#"{"action":"getJwt","token":"tok","tracingId":"key-t1"}"#);
        assert_eq!(
            encode(&ClientOp::End),
            r#"{"action":"closeSession","token":"tok","tracingId":"end-t1","closeAllConnections":true}"#
        );
        assert_eq!(
            encode(&ClientOp::History { key: "jwt", page: 2 }),
            r#"Get https://api.mypurecloud.ie/api/v2/webmessaging/messages?pageNumber=2&pageSize=25 Some("bearer jwt")"#
        );
        assert_eq!(
            encode(&ClientOp::Deployment),
            "Get https://api-cdn.mypurecloud.ie/webdeployments/v1/deployments/d-1/config.json None"
        );
    }

    #[test]
    fn an_echo_is_a_row_with_our_id_and_the_id_of_history() {
        let events = decode(
            r#"{"type":"message","class":"StructuredMessage","code":200,"tracingId":"a1","body":{"id":"0d6c","type":"Text","direction":"Inbound","text":"hello","channel":{"time":"2026-10-05T09:00:00.120Z","type":"Private","messageId":"7c2e","from":{},"to":{}},"metadata":{"correlationId":"5a"}}}"#,
        );
        assert_eq!(
            events,
            [ServerEvent::Row(Row {
                id: MessageId("7c2e".into()),
                time: Some(Timestamp(1_791_190_800_120)),
                content: RowContent::Inbound { local_id: Some(LocalId("a1".into())), text: "hello".into() },
            })]
        );
    }

    #[test]
    fn typing_is_heard_from_the_agent_only() {
        let typing = |direction: &str, typing: &str| {
            decode(&format!(
                r#"{{"type":"message","class":"StructuredMessage","code":200,"body":{{"id":"x","type":"Event","direction":"{direction}","channel":{{}},"events":[{{"eventType":"Typing","typing":{typing}}}]}}}}"#
            ))
        };
        assert_eq!(typing("Outbound", r#"{"type":"On","duration":3000}"#), [ServerEvent::Typing { lasts: Some(3000) }]);
        assert_eq!(
            typing("Outbound", r#"{"type":"On","durationMs":4000}"#),
            [ServerEvent::Typing { lasts: Some(4000) }]
        );
        assert_eq!(typing("Outbound", r#"{"type":"On"}"#), [ServerEvent::Typing { lasts: None }]);
        assert_eq!(typing("Outbound", r#"{"type":"Off"}"#), [ServerEvent::Typing { lasts: Some(0) }]);
        assert_eq!(typing("Inbound", r#"{"type":"On"}"#), [ServerEvent::ProbeAnswered]);
    }

    #[test]
    fn a_disconnect_ends_the_conversation_only_if_it_says_so() {
        let disconnect = |metadata: &str| {
            decode(&format!(
                r#"{{"type":"message","class":"StructuredMessage","code":200,"body":{{"id":"c3","type":"Event","direction":"Outbound","originatingEntity":"Bot","channel":{{"from":{{}},"to":{{}}}},{metadata}"events":[{{"eventType":"Presence","presence":{{"type":"Disconnect"}}}}]}}}}"#
            ))
        };
        let content = |events: Vec<ServerEvent>| match events.into_iter().next() {
            Some(ServerEvent::Row(row)) => row.content,
            other => panic!("{other:?}"),
        };
        assert_eq!(content(disconnect(r#""metadata":{"readOnly":"true"},"#)), RowContent::Ended);
        assert_eq!(content(disconnect(r#""metadata":{"readOnly":true},"#)), RowContent::Ended);
        assert_eq!(content(disconnect(r#""metadata":{"readOnly":"false"},"#)), RowContent::Left);
        assert_eq!(content(disconnect("")), RowContent::Left);
    }

    #[test]
    fn who_comes_and_goes_is_told_by_presence() {
        let presence = |direction: &str, word: &str, from: &str| {
            let events = decode(&format!(
                r#"{{"class":"StructuredMessage","body":{{"id":"x","type":"Event","direction":"{direction}","channel":{{"from":{from}}},"events":[{{"eventType":"Presence","presence":{{"type":"{word}"}}}}]}}}}"#
            ));
            match events.into_iter().next() {
                Some(ServerEvent::Row(row)) => row.content,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(presence("Inbound", "Join", "{}"), RowContent::Joined);
        assert_eq!(presence("Outbound", "Join", "{}"), RowContent::Nothing);
        let ada = r#"{"firstName":"Ada"}"#;
        assert_eq!(presence("Inbound", "SignIn", ada), RowContent::SignedIn(Some("Ada".into())));
        assert_eq!(presence("Inbound", "SignIn", "{}"), RowContent::SignedIn(None));
        assert_eq!(presence("Inbound", "Disconnect", "{}"), RowContent::Nothing);
        assert_eq!(presence("Sideways", "Join", "{}"), RowContent::Nothing);
    }

    #[test]
    fn whose_words_they_are_is_told_by_name_and_kind() {
        let said = |more: &str| {
            let events = decode(&format!(
                r#"{{"class":"StructuredMessage","tracingId":"signal-1","body":{{"id":"x","type":"Text",{more}}}}}"#
            ));
            match events.into_iter().next() {
                Some(ServerEvent::Row(row)) => row.content,
                other => panic!("{other:?}"),
            }
        };
        let outbound = |name: Option<&str>, is_bot, has_more| {
            let (author, text) = (Author { name: name.map(Into::into), is_bot }, "hi".into());
            RowContent::Outbound { author, text, has_more }
        };
        let hi = r#""direction":"Outbound","text":"hi""#;
        assert_eq!(said(hi), outbound(None, false, false));
        let bot = r#","originatingEntity":"Bot","channel":{"from":{"nickname":"Robo","firstName":"R."}}"#;
        assert_eq!(said(&format!("{hi}{bot}")), outbound(Some("Robo"), true, false));
        let person =
            r#","originatingEntity":"Human","content":[{}],"channel":{"from":{"nickname":"","firstName":"Ada"}}"#;
        assert_eq!(said(&format!("{hi}{person}")), outbound(Some("Ada"), false, true));
        assert_eq!(said(r#""direction":"Outbound""#), RowContent::Nothing);
        assert_eq!(said(r#""direction":"Inbound""#), RowContent::Nothing);
        // Only a message's tracing id is its own.
        let (elsewhere, text) = (Some(LocalId("m9".into())), "hi".into());
        assert_eq!(
            said(r#""direction":"Inbound","text":"hi","metadata":{"id":"m9"}"#),
            RowContent::Inbound { local_id: elsewhere, text }
        );
    }

    #[test]
    fn what_an_answer_is_about_is_told_by_its_tracing_id() {
        let about = |trace: &str| refusal(&format!(r#"{{"class":"string","code":400,"tracingId":"{trace}"}}"#)).0;
        assert_eq!(about("hello-1"), About::Hello);
        assert_eq!(about("signal-1"), About::Signal);
        assert_eq!(about("key-1"), About::HistoryKey);
        assert_eq!(about("end-1"), About::End);
        assert_eq!(about(""), About::Unknown);
        assert_eq!(about("m1.2"), About::Message { id: LocalId("m1".into()), attempt: 2 });
    }

    #[test]
    fn an_error_is_a_refusal_whatever_class_it_comes_in() {
        let bodies = [
            ("SessionResponse", r#"{"connected":true}"#),
            ("StructuredMessage", r#"{"id":"x","direction":"Inbound","text":"hi"}"#),
            ("JwtResponse", r#"{"jwt":"k"}"#),
        ];
        for (class, body) in bodies {
            let refused = |code: u16| {
                let events = decode(&format!(r#"{{"class":"{class}","code":{code},"body":{body}}}"#));
                matches!(events[..], [ServerEvent::Refused { .. }])
            };
            assert_eq!([200, 299, 300, 500].map(refused), [false, false, true, true], "{class}");
        }
    }

    #[test]
    fn a_body_may_be_called_message_and_a_code_may_be_left_out() {
        let ready = [ServerEvent::Ready { is_new: true, is_read_only: false }];
        let session = r#"{"connected":true,"newSession":true}"#;
        assert_eq!(decode(&format!(r#"{{"class":"SessionResponse","message":{session}}}"#)), ready);
        assert_eq!(decode(&format!(r#"{{"class":"SessionResponse","body":{session},"message":{{}}}}"#)), ready);
    }

    #[test]
    fn a_health_check_is_never_shown() {
        let events = decode(
            r#"{"type":"response","class":"StructuredMessage","code":200,"tracingId":"signal-1","body":{"type":"Text","direction":"Inbound","text":"ping","id":"x","metadata":{"durationSeconds":"259200","expirationDate":"1791139139"}}}"#,
        );
        assert_eq!(events, [ServerEvent::ProbeAnswered]);
    }

    #[test]
    fn every_documented_error_is_understood() {
        let error = |code: u16, body: &str, trace: &str| {
            refusal(&format!(
                r#"{{"type":"response","class":"string","code":{code},"body":"{body}","tracingId":"{trace}"}}"#
            ))
        };
        let message = About::Message { id: LocalId("m1".into()), attempt: 1 };
        assert_eq!(error(500, "", "m1.3").0, About::Message { id: LocalId("m1".into()), attempt: 3 });
        assert_eq!(error(4011, "Message length 5000 is larger than 4096", "m1"), (message.clone(), Refusal::TooLong));
        assert_eq!(error(409, "Session is read-only", "m1"), (message.clone(), Refusal::ReadOnly));
        assert_eq!(error(4006, "", "m1"), (message.clone(), Refusal::Expired));
        assert_eq!(error(4007, "", "m1"), (message.clone(), Refusal::Unknown));
        assert_eq!(error(4017, "", "hello-1"), (About::Hello, Refusal::Expired));
        assert_eq!(error(401, "User is unauthorized", "hello-1"), (About::Hello, Refusal::Unauthorized));
        assert_eq!(error(400, "Deployment not found", "hello-1"), (About::Hello, Refusal::Invalid));
        assert_eq!(
            error(403, "Turn on the Feature Toggle or fix the configuration.", "signal-1"),
            (About::Signal, Refusal::SwitchedOff)
        );
        assert_eq!(error(403, "Session authentication failed.", ""), (About::Unknown, Refusal::Unauthorized));
        assert_eq!(error(403, "Try to authenticate again.", ""), (About::Unknown, Refusal::Unauthorized));
        assert_eq!(error(403, "HTTP authorization error", "m1"), (message.clone(), Refusal::Unauthorized));
        assert_eq!(error(403, "Attachments are not supported", "m1"), (message.clone(), Refusal::SwitchedOff));
        assert_eq!(error(403, "Something else", "hello-1"), (About::Hello, Refusal::Unauthorized));
        assert_eq!(error(403, "Something else", "m1"), (message.clone(), Refusal::Invalid));
        for code in [408, 500, 599, 5000, 5999] {
            assert_eq!(error(code, "Request failed.", "m1"), (message.clone(), Refusal::Server), "{code}");
        }
        for code in [300, 400, 600, 4999, 6000] {
            assert_eq!(error(code, "Request failed.", "m1"), (message.clone(), Refusal::Invalid), "{code}");
        }
        assert_eq!(error(4013, "Custom Attributes …", "m1"), (message, Refusal::Invalid));
        let limited = r#"{"type":"response","class":"TooManyRequestsErrorMessage","code":429,"tracingId":"m1","body":{"retryAfter":3,"errorCode":4029,"errorMessage":"x"}}"#;
        assert_eq!(refusal(limited).1, Refusal::RateLimited(Some(3_000)));
    }

    #[test]
    fn what_is_unknown_is_skipped_and_what_is_no_frame_is_said_to_be_none() {
        assert_eq!(decode(r#"{"type":"message","class":"Hologram","code":200,"body":{"x":[1]}}"#), []);
        assert_eq!(decode(r#"{"class":"JwtResponse","code":200,"body":null}"#), []);
        for text in ["null", "[]", "3", "{}", r#"{"class":7}"#] {
            assert_eq!(WebMessaging.decode_frame(&read(text)), Err(NotOurs), "{text}");
        }
    }

    #[test]
    fn a_page_of_history_is_read_newest_first_and_with_holes() {
        let body = read(
            r#"{"entities":[
                {"id":"b","type":"Text","direction":"Outbound","text":"two","originatingEntity":"Human","channel":{"time":null,"from":{"nickname":"Ana"}}},
                {"id":"a","type":"Text","direction":"Inbound","text":"one","channel":{"messageId":"a2","time":"2026-10-05T09:00:00Z"},"metadata":{"id":"m1"}},
                {"id":"c","type":"Structured","direction":"Outbound","content":[{"contentType":"Card"}]},
                {"type":"Text"}
            ],"pageSize":25,"pageNumber":1,"total":57,"pageCount":3}"#,
        );
        let page = WebMessaging.decode_history(&Response { status: 200, retry_after: None, body: Some(body) }).unwrap();
        assert!(page.has_more);
        assert_eq!(page.rows.iter().map(|row| row.id.0.as_str()).collect::<Vec<_>>(), ["b", "a2", "c"]);
        assert_eq!(
            page.rows[1].content,
            RowContent::Inbound { local_id: Some(LocalId("m1".into())), text: "one".into() }
        );
        assert!(matches!(&page.rows[2].content, RowContent::Outbound { has_more: true, .. }));
    }

    #[test]
    fn there_is_more_where_a_page_is_not_the_last() {
        let page = |more: &str| {
            let body = read(&format!(r#"{{"entities":[]{more}}}"#));
            let page = WebMessaging.decode_history(&Response { status: 200, retry_after: None, body: Some(body) })?;
            Some((page.has_more, page.page_size))
        };
        assert_eq!(page(r#","pageNumber":2,"pageCount":3,"pageSize":50"#), Some((true, 50)));
        assert_eq!(page(r#","pageNumber":3,"pageCount":3,"pageSize":0"#), Some((false, 1)));
        assert_eq!(page(r#","pageNumber":4,"pageCount":3"#), Some((false, 25)));
        assert_eq!(page(""), Some((false, 25)));
        for text in ["null", "[]", "{}", r#"{"entities":{}}"#] {
            let nothing = Response { status: 200, retry_after: None, body: Some(read(text)) };
            assert!(WebMessaging.decode_history(&nothing).is_none(), "{text}");
        }
    }

    #[test]
    fn settings_count_as_off_where_they_are_absent() {
        let read_settings =
            |text| WebMessaging.decode_deployment(&Response { status: 200, retry_after: None, body: Some(read(text)) });
        assert_eq!(read_settings("null"), None);
        let bare = read_settings(r#"{"status":"Inactive"}"#).unwrap();
        assert!(!bare.is_active && !bare.auto_start && !bare.tells_typing && !bare.shows_typing);
        let full = read_settings(
            r#"{"status":"Active","messenger":{"apps":{"conversations":{"autoStart":{"enabled":true},"showUserTypingIndicator":true,"humanize":{"enabled":true,"bot":{"name":"Robo"}}}}}}"#,
        )
        .unwrap();
        assert!(full.is_active && full.auto_start && full.tells_typing);
        assert_eq!(full.bot_name.as_deref(), Some("Robo"));
    }
}
