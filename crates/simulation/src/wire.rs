//! What the watch has to know of a wire: which words are a text of the visitor's or a sign of typing, where a token may stand, and which of
//! a wire's words a fault means. Written from the pages in `docs/wires`, and not from the dialects.

use chat_proto::json::Value;
use simulator::{Effect, On};

use crate::schedule::{Fault, WEB_MESSAGING};

/// The text in a frame of a page's, if it is one.
pub(crate) fn text_of<'a>(dialect: &str, frame: &'a Value) -> Option<&'a str> {
    let (kind, word, text) = match dialect {
        WEB_MESSAGING => {
            let message = frame.at("message");
            let is_text =
                message.at("type").as_str() == Some("Text") && frame.at("action").as_str() == Some("onMessage");
            return message.at("text").as_str().filter(|_| is_text);
        }
        "guest-sessions" => ("type", "message", "content"),
        "webmessaging-guests" => ("type", "SEND_MESSAGE", "text"),
        "conversation-socket" => ("action", "message", "text"),
        "external-contacts" | "guest-webchat" => ("type", "message", "text"),
        // A watch that took another word for a text would see none, and find nothing wrong.
        other => panic!("which frame of {other} is a text?"),
    };
    frame.at(text).as_str().filter(|_| frame.at(kind).as_str() == Some(word))
}

/// The frame tells that the visitor types.
pub(crate) fn is_typing(dialect: &str, frame: &Value) -> bool {
    match dialect {
        WEB_MESSAGING => {
            let events = frame.at("message").at("events").elements();
            events.iter().any(|event| matches!(event.at("typing"), Value::Object(_)))
        }
        "conversation-socket" => frame.at("action").as_str() == Some("typing"),
        _ => frame.at("type").as_str().is_some_and(|word| word.eq_ignore_ascii_case("typing")),
    }
}

/// The token with which a connection is claimed that is good for one alone.
pub(crate) fn spent_by(frame: &Value) -> Option<&str> {
    frame.at("token").as_str().filter(|_| frame.at("type").as_str() == Some("CONNECT"))
}

/// The backend wants another token on a connection that lives: as good as a loss.
pub(crate) fn is_expiry(frame: &Value) -> bool {
    frame.at("action").as_str() == Some("auth") && frame.at("status").as_str() == Some("expired")
}

/// The address, less the token where this wire has it there: what is left must hold no secret.
pub(crate) fn without_token<'a>(dialect: &str, url: &'a str) -> &'a str {
    match dialect {
        "external-contacts" | "guest-sessions" | "guest-webchat" => {
            url.split_once("?token=guest-").map_or(url, |(address, _)| address)
        }
        _ => url,
    }
}

/// The same fault in the words of this wire. Where it has none of that kind, any request is meant; and where nothing is said at the
/// opening, an answer that is missed there never strikes.
pub(crate) fn translated(dialect: &str, fault: Fault) -> Fault {
    let Fault::Rule(mut rule) = fault else { return fault };
    let (hello, second, answer) = match dialect {
        WEB_MESSAGING => return Fault::Rule(rule),
        "webmessaging-guests" => ("CONNECT", "HEARTBEAT", "CONNECTED"),
        "conversation-socket" => ("auth", "join", "join"),
        _ => ("*", "*", "greeting"),
    };
    match &mut rule.on {
        On::Request(word) if word == "configureSession" => hello.clone_into(word),
        On::Request(word) if word == "getJwt" => second.clone_into(word),
        On::Push(word) if word == "SessionResponse" => answer.clone_into(word),
        _ => {}
    }
    // There is no deployment that anybody would not know.
    if let Effect::Error { code: code @ 400, .. } = &mut rule.effect {
        *code = 503;
    }
    Fault::Rule(rule)
}
