//! The wires whose guest credential the API mints: where each is asked for, with what, and what of the answer is used. Pure. Genesys
//! publishes none of them: they are as people in the field describe them.

use std::fmt;
use std::time::Duration;

use serde::ser::{Serialize, Serializer};
use serde::{Deserialize, Serialize as DeriveSerialize};
use serde_json::Value;

use crate::grant::GuestToken;

/// How the page will speak to the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Genesys' published protocol, whose token the client's side makes up. Always served.
    WebMessaging,
    /// One whose token is minted. Served where the operator says so.
    Minted(Wire),
}

impl Dialect {
    /// By the name that pages and operators use.
    pub(crate) fn parse(name: &str) -> Option<Dialect> {
        if name == "web-messaging" {
            return Some(Dialect::WebMessaging);
        }
        Wire::ALL.into_iter().find(|wire| wire.name() == name).map(Dialect::Minted)
    }

    /// All names in words, for whoever got one wrong.
    pub(crate) const FORM: &str = "must be web-messaging, external-contacts, guest-sessions, guest-webchat, \
        webmessaging-guests or conversation-socket";
}

/// A wire with minted tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Reads on a socket, writes by POST; the session is a contact's.
    ExternalContacts,
    /// One socket that lives as long as its token.
    GuestSessions,
    /// The token rides in the socket's URL. The guest is minted with a name and an e-mail address.
    GuestWebchat,
    /// A CONNECT frame with conversation, guest and token.
    WebmessagingGuests,
    /// Authentication is the first frame, joining a conversation the second.
    ConversationSocket,
}

/// What the API knows a visitor by: a member of its answers that goes into the next question.
struct Id {
    member: &'static str,
    /// The grant's member, where the client must say the id itself.
    granted_as: Option<&'static str>,
}

impl Wire {
    pub(crate) const ALL: [Wire; 5] = [
        Wire::ExternalContacts,
        Wire::GuestSessions,
        Wire::GuestWebchat,
        Wire::WebmessagingGuests,
        Wire::ConversationSocket,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Wire::ExternalContacts => "external-contacts",
            Wire::GuestSessions => "guest-sessions",
            Wire::GuestWebchat => "guest-webchat",
            Wire::WebmessagingGuests => "webmessaging-guests",
            Wire::ConversationSocket => "conversation-socket",
        }
    }

    /// Where it is minted.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Wire::ExternalContacts => "/api/v2/conversations/messaging/external/contacts",
            Wire::GuestSessions => "/api/v2/guest/sessions/token",
            Wire::GuestWebchat => "/api/v2/guest/conversations/webchat/token",
            Wire::WebmessagingGuests => "/api/v2/conversations/webmessaging/guests",
            Wire::ConversationSocket => "/api/v2/conversations/messaging/channels/token",
        }
    }

    fn ids(self) -> &'static [Id] {
        const CONVERSATION: Id = Id { member: "conversationId", granted_as: Some("conversation_id") };
        match self {
            Wire::ExternalContacts => &[Id { member: "contactId", granted_as: None }],
            Wire::GuestSessions => &[Id { member: "sessionId", granted_as: None }],
            Wire::GuestWebchat => &[Id { member: "conversationId", granted_as: None }],
            Wire::WebmessagingGuests => &[CONVERSATION, Id { member: "guestId", granted_as: Some("guest_id") }],
            Wire::ConversationSocket => &[CONVERSATION],
        }
    }

    /// The body by which a credential is minted: for the conversation of these ids, or for a new one.
    pub(crate) fn question(self, guest: &Guest, ids: Option<&Ids>) -> String {
        let mut members = Vec::new();
        if self == Wire::GuestWebchat {
            members.extend([("name", guest.name.as_str()), ("email", guest.email.as_str())]);
        }
        if let Some(ids) = ids {
            members.extend(self.ids().iter().zip(&ids.0).map(|(id, value)| (id.member, value.as_str())));
        }
        serde_json::to_string(&Members(members)).expect("texts always serialize")
    }

    /// What is used of the API's answer; `None` if something of that is missing or not in form. All else is left where it is, so
    /// that nothing of it can reach a page.
    pub(crate) fn read(self, answer: &[u8]) -> Option<Minted> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let text = |member: &str| answer.get(member)?.as_str();
        let token = GuestToken::parse(text("token")?)?;
        let life = answer.get("expires_in")?.as_u64().filter(|seconds| *seconds >= SHORTEST_LIFE)?;
        let ids = self.ids().iter().map(|id| text(id.member).filter(|it| is_id(it)).map(str::to_owned));
        let ids = Ids(ids.collect::<Option<_>>()?);
        Some(Minted { token, life: Duration::from_secs(life.min(LONGEST_LIFE)), ids })
    }

    /// The ids that the client must say itself, as members of the grant.
    pub(crate) fn granted_ids(self, ids: &Ids) -> Members<'_> {
        let named = self.ids().iter().zip(&ids.0);
        Members(named.filter_map(|(id, value)| Some((id.granted_as?, value.as_str()))).collect())
    }

    /// Whether these could be this wire's: a cookie may be of another version of ours.
    pub(crate) fn fits(self, ids: &Ids) -> bool {
        ids.0.len() == self.ids().len()
    }
}

/// Shorter than this, a grant is over before it is of use: the page is promised as much.
const SHORTEST_LIFE: u64 = 5;

/// A year, in seconds. Nobody grants longer, and nothing overflows.
const LONGEST_LIFE: u64 = 365 * 24 * 60 * 60;

/// Short enough for two of them in a cookie, and of characters that no log or header stumbles over.
fn is_id(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Under which name and address guests of `guest-webchat` are minted.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// A credential as the API mints it.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) token: GuestToken,
    /// Five seconds to a year.
    pub(crate) life: Duration,
    pub(crate) ids: Ids,
}

/// A visitor's ids, in the order of their wire. They name a conversation to whoever has its credential, and so are shown to no log.
#[derive(Clone, PartialEq, Eq, DeriveSerialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ids(Vec<String>);

impl Ids {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids(..)")
    }
}

/// Texts by name, as a JSON object in this order.
pub(crate) struct Members<'a>(Vec<(&'static str, &'a str)>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_is_found_by_its_name_and_named_to_whoever_mistook_it() {
        for wire in Wire::ALL {
            assert_eq!(Dialect::parse(wire.name()), Some(Dialect::Minted(wire)));
            assert!(Dialect::FORM.contains(wire.name()));
        }
        assert_eq!(Dialect::parse("web-messaging"), Some(Dialect::WebMessaging));
        for name in ["", "Web-Messaging", "web_messaging", "guest-webchat "] {
            assert_eq!(Dialect::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn answer_that_lacks_what_is_needed_is_no_credential() {
        let good = r#"{"conversationId":"c","guestId":"g","token":"t","expires_in":5,"more":[1]}"#;
        assert!(Wire::WebmessagingGuests.read(good.as_bytes()).is_some());
        let long = "x".repeat(201);
        for (part, instead) in [
            (r#""c""#, "7"),
            (r#""c""#, r#""""#),
            (r#""c""#, &format!("\"{long}\"")),
            (r#""g""#, r#""a b""#),
            (r#""guestId""#, r#""guest""#),
            (r#""t""#, "null"),
            (r#""t""#, r#""""#),
            (":5", ":4"),
            (":5", ":-5"),
            (":5", ":5.5"),
            (":5", r#":"5""#),
            ("}", ""),
        ] {
            let bad = good.replacen(part, instead, 1);
            assert!(Wire::WebmessagingGuests.read(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Wire::WebmessagingGuests.read(b"[]").is_none());
    }

    #[test]
    fn neither_token_nor_ids_are_shown_by_debug() {
        let minted = Wire::GuestSessions.read(br#"{"sessionId":"planted","token":"planted","expires_in":60}"#);
        assert!(!format!("{minted:?}").contains("planted"));
    }
}
