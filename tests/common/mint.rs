//! The site's token endpoint on the wires whose tokens a service mints: an OAuth client asks for them, and only the guest's go to the page.

use std::collections::BTreeMap;

use chat_proto::json::Value;
use simulator::{Backend, Headers, Request};

/// What is minted where: the path, and the ids that name the conversation there.
const MINTS: [(&str, &str, &[&str]); 5] = [
    ("external-contacts", "/api/v2/conversations/messaging/external/contacts", &["contactId"]),
    ("guest-sessions", "/api/v2/guest/sessions/token", &["sessionId"]),
    ("guest-webchat", "/api/v2/guest/conversations/webchat/token", &["conversationId"]),
    ("webmessaging-guests", "/api/v2/conversations/webmessaging/guests", &["conversationId", "guestId"]),
    ("conversation-socket", "/api/v2/conversations/messaging/channels/token", &["conversationId"]),
];

/// The simulator's own client, `demo-client:demo-secret`.
const CLIENT: &str = "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=";

#[derive(Default)]
pub struct Mint {
    /// The visitor's ids, as the endpoint keeps them in its cookie.
    ids: BTreeMap<&'static str, String>,
    /// What it grants lacks them, as the answer of an endpoint for another wire does.
    pub tells_no_ids: bool,
    /// They were others before.
    pub has_forgotten: bool,
}

impl Mint {
    /// The conversation is not known any more, or its cookie is gone.
    pub fn forget(&mut self) {
        self.ids.clear();
        self.has_forgotten = true;
    }

    /// A new token, and its life in seconds. With `is_new` it is for a new conversation.
    pub fn grant(&mut self, backend: &mut Backend, now: u64, dialect: &str, is_new: bool) -> (Value, u64) {
        if is_new {
            self.ids.clear();
        }
        let (_, path, names) = MINTS.into_iter().find(|(name, ..)| *name == dialect).expect("a wire with a mint");
        let service = post(backend, now, "/oauth/token", CLIENT, "grant_type=client_credentials");
        let bearer = format!("Bearer {}", text(&service, "access_token"));
        let mut wanted = serde_json::json!({ "name": "Guest", "email": "guest@example.com" });
        for (name, id) in &self.ids {
            wanted[*name] = id.as_str().into();
        }
        let is_known = !self.ids.is_empty();
        let minted = post(backend, now, path, &bearer, &wanted.to_string());
        for name in names {
            self.ids.insert(name, text(&minted, name));
        }
        let life = minted["expires_in"].as_u64().expect("a life");
        // Only what the page has to say itself.
        let is_told = !self.tells_no_ids;
        let said =
            |wire: &[&str], name| (is_told && wire.contains(&dialect)).then(|| self.ids.get(name).cloned()).flatten();
        let grant = Value::object([
            ("token", text(&minted, "token").as_str().into()),
            ("expires_in", life.into()),
            ("conversation_id", said(&["webmessaging-guests", "conversation-socket"], "conversationId").into()),
            ("guest_id", said(&["webmessaging-guests"], "guestId").into()),
            ("resumed", is_known.then_some(true).into()),
        ]);
        (grant, life)
    }
}

fn post(backend: &mut Backend, now: u64, path: &str, authorization: &str, body: &str) -> serde_json::Value {
    let headers = Headers { authorization: Some(authorization.into()), origin: None };
    let ask = Request { method: "POST".into(), path: path.into(), headers, body: body.into(), ..Request::default() };
    let answer = backend.request(now, &ask);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

fn text(value: &serde_json::Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).into()
}
