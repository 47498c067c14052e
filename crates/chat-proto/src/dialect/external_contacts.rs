//! Read on a socket, write by POST. The socket greets with the contact's id, and only that one is written to. A message is taken when its
//! POST is answered; a new token goes with the next POST. What is said while the socket is away is not said again.

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

#[cfg(feature = "signs")]
use super::Signs;
use super::{ClientOp, Dialect, Habits, NotOurs, Opening, Refusal, Renewal, ServerEvent, Speaker, Wire, guest};
use crate::config::Config;
use crate::io::{Method, Request, Response};
use crate::json::Value;
use crate::message::MessageId;
use crate::time::Timestamp;

/// Read on a socket, write by POST.
pub struct ExternalContacts;

static HABITS: Habits = Habits {
    name: "external-contacts",
    // It has the organisation in it.
    host: None,
    path: "/api/v2/conversations/messaging/external/contacts",
    opening: Opening::Greeting,
    renewal: Renewal::InPlace,
    #[cfg(feature = "signs")]
    signs: Signs {
        missing_right: "the POST is refused and the socket closed with 1000; conversation:write is needed",
        ..guest::SIGNS
    },
    ..guest::HABITS
};

impl Dialect for ExternalContacts {
    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn socket_url(&self, config: &Config, speaker: &Speaker) -> String {
        guest::with_token(config, speaker)
    }

    /// A token that no header can carry would open the socket, and send nothing.
    fn is_enough(&self, speaker: &Speaker) -> bool {
        speaker.token.bytes().all(|byte| byte.is_ascii_graphic())
    }

    fn encode(&self, config: &Config, speaker: &Speaker, _: &str, op: &ClientOp<'_>) -> Option<Wire> {
        let ClientOp::Text { text, .. } = op else { return None };
        let contact = speaker.conversation.as_str();
        Some(Wire::Http(Request {
            method: Method::Post,
            url: match &config.post_url {
                Some(url) => url.replace("{contactId}", contact),
                None => format!("{}{}/{contact}/messages", config.api_origin, HABITS.path),
            },
            authorization: Some(format!("Bearer {}", speaker.token)),
            trace: None,
            body: Some(Value::object([("to", contact.into()), ("text", (*text).into())])),
            with_cookies: false,
            timeout: config.timings.request,
        }))
    }

    fn decode_frame(&self, frame: &Value) -> Result<Vec<ServerEvent>, NotOurs> {
        Ok(match frame.at("type").as_str().ok_or(NotOurs)? {
            "greeting" => {
                let Some(contact) = frame.at("contactId").as_text() else { return Ok(Vec::new()) };
                vec![
                    ServerEvent::Conversation(contact.to_owned()),
                    ServerEvent::Ready { is_new: false, is_read_only: false },
                ]
            }
            word => guest::heard(word, frame, frame.at("from"), "text"),
        })
    }

    fn decode_sent(&self, response: &Response) -> Result<(Option<MessageId>, Option<Timestamp>), Refusal> {
        // The contact is not the token's: what was greeted on the socket and what the endpoint mints have come apart.
        if response.status == 409 {
            return Err(Refusal::Unknown);
        }
        // A page of HTML, such as the login that a gateway puts in between: whether the message got past it, nobody knows.
        if response.status == 200 && response.body.is_none() {
            return Err(Refusal::Server);
        }
        guest::sent(response)
    }
}

#[cfg(test)]
mod tests {
    use super::super::guest::tests::{Bench, from_agent};
    use super::*;
    use crate::dialect::RowContent;
    use crate::time::SECOND;

    const WIRE: Bench = Bench(&ExternalContacts);

    #[test]
    fn it_reads_on_a_socket_and_writes_by_post() {
        assert_eq!(WIRE.url(), "wss://chat.example/path?token=to%2Fk");
        assert_eq!(WIRE.says(&ClientOp::Hello { start_new: false, trace: None }), "");
        assert_eq!(
            WIRE.text(2),
            concat!(
                "Post https://api.mypurecloud.ie/api/v2/conversations/messaging/external/contacts/c-1/messages ",
                r#"Bearer to/k {"to":"c-1","text":"hi \"you\""}"#
            )
        );
    }

    #[test]
    fn it_posts_to_where_the_page_says_with_the_contact_in_its_place() {
        assert_eq!(WIRE.posted_to("https://a.example/{contactId}/to"), "https://a.example/c-1/to");
    }

    #[test]
    fn a_token_that_fits_in_no_header_is_none() {
        let is_enough =
            |token: &str| ExternalContacts.is_enough(&Speaker { token: token.into(), ..Speaker::default() });
        assert!(is_enough("a.b-c_d~e+f/g="));
        for token in ["a b", "a\nb", "ü"] {
            assert!(!is_enough(token), "{token:?}");
        }
    }

    #[test]
    fn the_greeting_names_the_contact_and_opens_the_conversation() {
        let ready = ServerEvent::Ready { is_new: false, is_read_only: false };
        assert_eq!(
            WIRE.hears(r#"{"type":"greeting","contactId":"c-9","timestamp":"2026-10-05T09:00:00.120Z"}"#),
            [ServerEvent::Conversation("c-9".into()), ready]
        );
        assert_eq!(WIRE.hears(r#"{"type":"greeting"}"#), [], "without a contact there is nobody to write to");
    }

    #[test]
    fn what_agents_say_and_do_is_heard() {
        let said = r#"{"type":"message","id":"r-1","from":{"role":"agent","name":"Ada"},"text":"hello","timestamp":"2026-10-05T09:00:00.120Z"}"#;
        assert_eq!(WIRE.hears(said), from_agent("r-1"));
        let types = r#"{"type":"typing","from":{"role":"agent"},"durationMs":5000}"#;
        assert_eq!(WIRE.hears(types), [ServerEvent::Typing { lasts: Some(5 * SECOND) }]);
        assert!(
            matches!(&WIRE.hears(r#"{"type":"closed"}"#)[..], [ServerEvent::Row(row)] if row.content == RowContent::Ended)
        );
    }

    #[test]
    fn an_answered_post_is_taken_and_a_refused_one_says_why() {
        let answer = |status, body: &str| {
            let body = serde_json::from_str(body).ok();
            ExternalContacts.decode_sent(&Response { status, retry_after: Some(3_000), body })
        };
        let taken = (Some(MessageId("r-2".into())), Some(Timestamp(1_791_190_800_120)));
        assert_eq!(answer(200, r#"{"id":"r-2","timestamp":"2026-10-05T09:00:00.120Z"}"#), Ok(taken));
        assert_eq!(answer(202, ""), Ok((None, None)), "taken is taken");
        assert_eq!(answer(200, "<html>"), Err(Refusal::Server), "a page is no answer of the backend's");
        assert_eq!(answer(401, ""), Err(Refusal::Unauthorized));
        assert_eq!(answer(409, ""), Err(Refusal::Unknown), "of another contact");
        assert_eq!(answer(429, ""), Err(Refusal::RateLimited(Some(3_000))));
    }
}
