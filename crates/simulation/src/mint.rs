//! The token endpoint's other half where a service mints: the organisation's OAuth client asks for a guest's token each time, for the
//! conversation whose ids the endpoint keeps for this browser. As `companions/token-proxy` does it; it shares no code with that.

use std::collections::BTreeMap;

use simulator::{Backend, Headers, Request, Response};

/// What is minted where: the path, the ids that name the conversation there, and whether the page has to say them itself.
const MINTS: [(&str, &str, &[&str], bool); 5] = [
    ("external-contacts", "/api/v2/conversations/messaging/external/contacts", &["contactId"], false),
    ("guest-sessions", "/api/v2/guest/sessions/token", &["sessionId"], false),
    ("guest-webchat", "/api/v2/guest/conversations/webchat/token", &["conversationId"], false),
    ("webmessaging-guests", "/api/v2/conversations/webmessaging/guests", &["conversationId", "guestId"], true),
    ("conversation-socket", "/api/v2/conversations/messaging/channels/token", &["conversationId"], true),
];

/// The simulator's own client, `demo-client:demo-secret`.
const CLIENT: &str = "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=";

/// How many seconds before its end a service token is not used any more.
const RESERVE: u64 = 60;

#[derive(Debug, Default)]
pub(crate) struct Mint {
    /// The visitor's ids.
    ids: BTreeMap<&'static str, String>,
    /// The service token, and when it ends.
    service: (String, u64),
}

/// A token, and what the page has to say with it.
#[derive(Debug, Default)]
pub(crate) struct Minted {
    pub(crate) token: String,
    pub(crate) conversation: Option<String>,
    pub(crate) guest: Option<String>,
}

impl Mint {
    /// A new token that lives so many seconds. With `is_new` it is for a new conversation; so it is where the
    /// backend does not know the old one any more.
    pub(crate) fn grant(&mut self, backend: &mut Backend, now: u64, dialect: &str, life: u64, is_new: bool) -> Minted {
        let (_, path, names, is_said) =
            MINTS.into_iter().find(|(name, ..)| *name == dialect).expect("a wire with a mint");
        if is_new {
            self.ids.clear();
        }
        let mut settings = backend.settings().clone();
        settings.oauth.guest_token_seconds = life;
        backend.set_settings(settings);
        let bearer = self.bearer(backend, now);
        let mut answer = post(backend, now, path, &bearer, &self.body());
        if answer.status == 404 {
            self.ids.clear();
            answer = post(backend, now, path, &bearer, &self.body());
        }
        let minted: serde_json::Value = serde_json::from_str(&answer.body).expect("the mint's JSON");
        for name in names {
            self.ids.insert(name, text(&minted, name));
        }
        let said = |name| self.ids.get(name).filter(|_| is_said).cloned();
        Minted { token: text(&minted, "token"), conversation: said("conversationId"), guest: said("guestId") }
    }

    fn body(&self) -> String {
        let mut wanted = serde_json::json!({ "name": "Guest", "email": "guest@example.com" });
        for (name, id) in &self.ids {
            wanted[*name] = id.as_str().into();
        }
        wanted.to_string()
    }

    fn bearer(&mut self, backend: &mut Backend, now: u64) -> String {
        if self.service.1 <= now {
            let answer = post(backend, now, "/oauth/token", CLIENT, "grant_type=client_credentials");
            let service: serde_json::Value = serde_json::from_str(&answer.body).expect("a service token");
            let life = service["expires_in"].as_u64().unwrap_or(0).saturating_sub(RESERVE);
            self.service = (format!("Bearer {}", text(&service, "access_token")), now + life * 1_000);
        }
        self.service.0.clone()
    }
}

fn post(backend: &mut Backend, now: u64, path: &str, authorization: &str, body: &str) -> Response {
    let headers = Headers { authorization: Some(authorization.into()), origin: None };
    let ask = Request { method: "POST".into(), path: path.into(), headers, body: body.into(), ..Request::default() };
    backend.request(now, &ask)
}

fn text(value: &serde_json::Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
