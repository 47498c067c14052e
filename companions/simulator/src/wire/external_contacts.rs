//! `external-contacts`: read on a socket that greets with a contact, write by POST to that contact. The socket takes
//! nothing from the client, and does not repeat the visitor's own words.

use serde_json::{Value, json};

use super::guest::{Say, TYPING_MS, agent, author, frame, text};
use super::{Direction, Frame};
use crate::wire::time::iso;

/// The socket, the mint, and below it the contacts.
pub(crate) const CONTACTS: &str = "/api/v2/conversations/messaging/external/contacts";

/// The contact to whose messages this path leads.
pub(crate) fn contact_of(path: &str) -> Option<&str> {
    let contact = path.strip_prefix(CONTACTS)?.strip_prefix('/')?.strip_suffix("/messages")?;
    (!contact.is_empty() && !contact.contains('/')).then_some(contact)
}

/// A POST's body: to whom, and what.
pub(crate) fn post(body: &str) -> Option<(String, String)> {
    let body: Value = serde_json::from_str(body).ok()?;
    Some((text(&body, "to")?, text(&body, "text")?))
}

pub(super) fn say(say: &Say) -> Option<Frame> {
    let (word, body) = match *say {
        Say::Greeting { contact, now } => ("greeting", json!({ "contactId": contact, "timestamp": iso(now) })),
        Say::Message { row, .. } if row.direction == Direction::Outbound => {
            let (from, text) = (author(row), row.text.as_deref());
            ("message", json!({ "id": row.key(), "from": from, "text": text, "timestamp": iso(row.time) }))
        }
        Say::Typing { .. } => ("typing", json!({ "from": agent(None), "durationMs": TYPING_MS })),
        Say::Ended { .. } => ("closed", json!({})),
        _ => return None,
    };
    Some(frame(say, "type", word, body))
}
