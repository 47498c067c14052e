//! Signed-in visitors: the three token endpoints. Any code is taken for a good one, since the identity provider is not
//! simulated; the tokens that come of it are checked as the service checks them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Backend;
use super::limits::SECOND;
use super::session::State;
use crate::http::{Request, Response};

/// A sign-in's JWT lives about 15 minutes, its refresh token as long as the backend.
const JWT_SECONDS: u64 = 900;

/// The tokens handed out so far.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    /// JWT → its owner's refresh token, and when it ends.
    jwts: BTreeMap<String, (String, u64)>,
}

impl SignIns {
    /// Whose JWT this is, while it lives.
    pub(super) fn owner_of(&self, jwt: &str, now: u64) -> Option<&str> {
        self.jwts.get(jwt).filter(|(_, end)| now < *end).map(|(owner, _)| owner.as_str())
    }

    fn knows(&self, owner: &str) -> bool {
        self.jwts.values().any(|(known, _)| known == owner)
    }
}

impl Backend {
    /// `POST …/oauthcodegrantjwtexchange`: an OAuth code, or an id token in the implicit flow, for a JWT.
    pub(super) fn exchange(&mut self, now: u64, request: &Request) -> Response {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let deployment = body["deploymentId"].as_str().unwrap_or_default();
        if self.settings.deployment(deployment).is_none() {
            return Response::refusal(400, "bad.request", "Deployment not found");
        }
        let has = |field: &str| body["oauth"][field].as_str().is_some_and(|text| !text.is_empty());
        let owner = self.random.uuid();
        if has("code") {
            let jwt = self.sign_in(now, &owner);
            Response::json(200, &json!({ "jwt": jwt, "refreshToken": owner }))
        } else if has("idToken") {
            let jwt = self.sign_in(now, &owner);
            Response::json(200, &json!({ "jwt": jwt }))
        } else {
            Response::refusal(400, "bad.request", "oauth.code or oauth.idToken is required")
        }
    }

    /// `POST …/refresh`: a new JWT; the refresh token stays the same and is not repeated.
    pub(super) fn refresh(&mut self, now: u64, request: &Request) -> Response {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let owner = body["refreshToken"].as_str().unwrap_or_default();
        if !self.sign_ins.knows(owner) {
            return Response::refusal(401, "bad.credentials", "Invalid refresh token");
        }
        let jwt = self.sign_in(now, owner);
        Response::json(200, &json!({ "jwt": jwt, "refreshToken": null }))
    }

    /// `DELETE …/revoke`: the visitor is logged out, on every connection of every session of theirs.
    pub(super) fn revoke(&mut self, now: u64, request: &Request) -> Response {
        let jwt = request.bearer_token().unwrap_or_default();
        let Some(owner) = self.sign_ins.owner_of(jwt, now).map(str::to_owned) else {
            return Response::refusal(401, "bad.credentials", "Invalid login credentials.");
        };
        self.sign_ins.jwts.retain(|_, (known, _)| *known != owner);
        let theirs = |session: &&super::Session| session.signed_in.as_ref() == Some(&owner);
        let tokens: Vec<String> = self.sessions.values().filter(theirs).map(|session| session.token.clone()).collect();
        for token in tokens {
            self.end_session(now, &token, State::Gone, &["LogoutEvent"]);
        }
        Response::empty(204)
    }

    fn sign_in(&mut self, now: u64, owner: &str) -> String {
        let jwt = format!("eyJzaW0iOnRydWV9.{}.{}", self.random.hex32(), self.random.hex32());
        self.sign_ins.jwts.insert(jwt.clone(), (owner.to_owned(), now + JWT_SECONDS * SECOND));
        jwt
    }
}
