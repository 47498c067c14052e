//! Who may do what on the five wires of the field: service tokens for the organisation's own programs, and guests'
//! tokens, each for one conversation, minted with them. All of them are opaque, and none is taken back early.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Backend;
use super::limits::SECOND;
use super::session::Session;
use crate::http::{Request, Response, parameter};
use crate::wire::Wire;

/// The tokens handed out so far. Those that have ended are kept, so that they are told from those that never were.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Credentials {
    services: BTreeMap<String, Service>,
    grants: BTreeMap<String, Grant>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Service {
    ends: u64,
    scopes: BTreeSet<String>,
}

/// What a guest's token is good for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) conversation: String,
    pub(super) ends: u64,
    scopes: BTreeSet<String>,
    /// A CONNECT has been made with it.
    pub(super) is_used: bool,
}

impl Grant {
    pub(super) fn is_good(&self, now: u64) -> bool {
        now < self.ends
    }

    pub(super) fn allows(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }
}

impl Credentials {
    /// A CONNECT has been made with this token.
    pub(super) fn use_up(&mut self, token: &str) {
        if let Some(grant) = self.grants.get_mut(token) {
            grant.is_used = true;
        }
    }

    /// Every token of this conversation ends now.
    pub(super) fn expire(&mut self, now: u64, conversation: &str) {
        for grant in self.grants.values_mut().filter(|grant| grant.conversation == conversation) {
            grant.ends = grant.ends.min(now);
        }
    }
}

impl Backend {
    /// What this token stands for on this wire, ended or not, while its conversation is known.
    pub(super) fn grant(&self, wire: Wire, token: &str) -> Option<&Grant> {
        let grant = self.credentials.grants.get(token)?;
        self.sessions.get(&grant.conversation).filter(|session| session.is_of(wire)).map(|_| grant)
    }

    /// `POST /oauth/token`: a service token for the OAuth client.
    pub(super) fn issue(&mut self, now: u64, request: &Request) -> Response {
        let oauth = &self.settings.oauth;
        if !request.is_from_client(&oauth.client_id, &oauth.client_secret) {
            return Response::json(401, &json!({ "error": "invalid_client" }));
        }
        if parameter(&request.body, "grant_type").as_deref() != Some("client_credentials") {
            return Response::json(400, &json!({ "error": "unsupported_grant_type" }));
        }
        let (seconds, scopes) = (oauth.service_token_seconds, oauth.scopes.clone());
        let token = format!("service-{}", self.random.hex32());
        self.credentials.services.insert(token.clone(), Service { ends: after(now, seconds), scopes });
        self.revision += 1;
        Response::json(200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds }))
    }

    /// A guest's token: for a new conversation, or for the one whose ids the body names.
    pub(super) fn mint(&mut self, now: u64, wire: Wire, request: &Request) -> Response {
        let service = request.bearer_token().and_then(|token| self.credentials.services.get(token));
        let Some(service) = service.filter(|service| now < service.ends) else {
            return Response::refusal(401, "bad.credentials", "Invalid or expired service token");
        };
        let scopes = service.scopes.clone();
        let Some(named) = Named::read(wire, &request.body) else {
            return Response::refusal(400, "bad.request", "The body is not what this endpoint takes");
        };
        let conversation = match named.conversation {
            Some(id) => match self.sessions.get(&id) {
                Some(found) if found.is_of(wire) && named.guest.is_none_or(|guest| found.guest == Some(guest)) => id,
                _ => return Response::refusal(404, "not.found", "Conversation not found"),
            },
            None if named.guest.is_some() => return Response::refusal(404, "not.found", "Guest not found"),
            None => self.begin_conversation(wire),
        };
        let seconds = self.settings.oauth.guest_token_seconds;
        let (ends, token) = (after(now, seconds), format!("guest-{}", self.random.hex32()));
        let mut answer = json!({ "token": token, "expires_in": seconds });
        answer[wire.id_name()] = conversation.as_str().into();
        if let Some(session) = self.sessions.get_mut(&conversation) {
            session.expires = session.expires.max(ends);
            if let Some(guest) = &session.guest {
                answer["guestId"] = guest.as_str().into();
            }
        }
        self.credentials.grants.insert(token, Grant { conversation, ends, scopes, is_used: false });
        self.revision += 1;
        Response::json(200, &answer)
    }

    fn begin_conversation(&mut self, wire: Wire) -> String {
        let id = self.random.uuid();
        let mut session = Session::new(&id, self.sessions.len() as u64, "");
        session.wire = wire;
        session.guest = (wire == Wire::WebmessagingGuests).then(|| self.random.uuid());
        session.begin();
        self.sessions.insert(id.clone(), session);
        id
    }
}

/// The ids of an earlier answer that a body names.
struct Named {
    conversation: Option<String>,
    guest: Option<String>,
}

impl Named {
    /// `None` for a body that makes no sense. No body at all names nothing.
    fn read(wire: Wire, body: &str) -> Option<Self> {
        let body: Value = if body.trim().is_empty() { json!({}) } else { serde_json::from_str(body).ok()? };
        let fields = body.as_object()?;
        let text = |name: &str| fields.get(name).map(|value| value.as_str().map(str::to_owned));
        let has = |name| text(name).is_some_and(|text| text.is_some());
        if wire == Wire::GuestWebchat && !(has("name") && has("email")) {
            return None;
        }
        let guest = if wire == Wire::WebmessagingGuests { text("guestId") } else { None };
        let whole = |text: Option<Option<String>>| text.map_or(Some(None), |text| text.map(Some));
        Some(Self { conversation: whole(text(wire.id_name()))?, guest: whole(guest)? })
    }
}

/// So many seconds from now, however many.
fn after(now: u64, seconds: u64) -> u64 {
    now.saturating_add(seconds.saturating_mul(SECOND))
}
