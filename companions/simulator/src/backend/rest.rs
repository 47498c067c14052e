//! REST: which endpoint a request means, the HTTP faults, and who may read the answer (CORS).

use serde_json::json;

use super::{Backend, Effect};
use crate::faults::{Passing, Place};
use crate::http::{Delivery, Request, Response};
use crate::script::BOT_NAME;
use crate::settings::{Deployment, Disconnection};
use crate::wire::Wire;
use crate::wire::external_contacts::contact_of;

const DEPLOYMENTS: &str = "/webdeployments/v1/deployments/";
const MESSAGES: &str = "/api/v2/webmessaging/messages";
const TOKEN: &str = "/api/v2/webdeployments/token/";

impl Backend {
    /// A REST request: history, deployment config and domains, token exchange, refresh and revoke; service tokens, guests'
    /// tokens, and messages to a contact. What it causes on sockets is due at once: call [`Backend::advance`] afterwards.
    pub fn request(&mut self, now: u64, request: &Request) -> Response {
        let token = request.bearer_token().and_then(|jwt| self.token_of_jwt(now, jwt));
        let token = token.or_else(|| contact_of(&request.path)).map(str::to_owned);
        let passing = Passing { at: Place::Http(&request.path), token: token.as_deref(), connection: None };
        // A preflight is the browser's own; faults are for what the page asked.
        let effects = match request.method.as_str() {
            "OPTIONS" => Vec::new(),
            _ => self.faults.strike(&passing, &mut self.random),
        };
        let mut response = match effects.iter().find_map(status) {
            Some(response) => response,
            None => self.route(now, request, &effects),
        };
        response.delivery = response.delivery.and(self.delivery(&effects));
        self.leave_out(now);
        self.allow_origin(request, response)
    }

    fn route(&mut self, now: u64, request: &Request, effects: &[Effect]) -> Response {
        let path = request.path.as_str();
        match (request.method.as_str(), path) {
            ("OPTIONS", _) => Response::empty(204),
            ("GET", MESSAGES) => self.history(now, request, effects),
            ("GET", _) if path.starts_with(DEPLOYMENTS) => self.deployment_file(&path[DEPLOYMENTS.len()..]),
            (method, _) if path.starts_with(TOKEN) => match (method, &path[TOKEN.len()..]) {
                ("POST", "oauthcodegrantjwtexchange") => self.exchange(now, request),
                ("POST", "refresh") => self.refresh(now, request),
                ("DELETE", "revoke") => self.revoke(now, request),
                _ => Response::refusal(404, "not.found", "HTTP 404 Not Found"),
            },
            ("POST", "/oauth/token") => self.issue(now, request),
            ("POST", _) => match (Wire::of_mint(path), contact_of(path)) {
                (Some(wire), _) => self.mint(now, wire, request),
                (None, Some(contact)) => self.post(now, contact, request),
                (None, None) => Response::refusal(404, "not.found", "HTTP 404 Not Found"),
            },
            _ => Response::refusal(404, "not.found", "HTTP 404 Not Found"),
        }
    }

    /// The CDN's files. It answers 403, not 404, to whatever it does not have.
    fn deployment_file(&self, rest: &str) -> Response {
        let found = rest.split_once('/').and_then(|(id, file)| Some((self.settings.deployment(id)?, file)));
        match found {
            Some((deployment, "config.json")) => Response::json(200, &self.config(deployment)),
            Some((_, "domains.json")) => Response::json(
                200,
                &json!({
                    "allowAllDomains": self.settings.allow_all_domains,
                    "allowedDomains": self.settings.allowed_domains,
                }),
            ),
            _ => Response::refusal(403, "forbidden", "Access denied"),
        }
    }

    fn config(&self, deployment: &Deployment) -> serde_json::Value {
        let origin = &self.settings.public_origin;
        let disconnect = match deployment.conversation_disconnect {
            Disconnection::Off => json!({ "enabled": false }),
            Disconnection::Send => json!({ "enabled": true, "type": "Send" }),
            Disconnection::ReadOnly => json!({ "enabled": true, "type": "ReadOnly" }),
        };
        json!({
            "id": deployment.id,
            "version": "1",
            "languages": ["en-us"],
            "defaultLanguage": "en-us",
            "apiEndpoint": origin,
            "status": if deployment.active { "Active" } else { "Inactive" },
            "headlessMode": { "enabled": true },
            "position": { "alignment": "Auto", "sideSpace": 20, "bottomSpace": 12 },
            "customI18nLabels": [],
            "journeyEvents": { "enabled": false },
            "auth": { "enabled": false, "allowSessionUpgrade": false },
            "messenger": {
                "enabled": true,
                "styles": { "primaryColor": deployment.primary_color },
                "launcherButton": { "visibility": "Off", "displayType": "Icon" },
                "homeScreen": { "enabled": false },
                "sessionPersistenceType": "DomainOrSubdomainOnly",
                "fileUpload": { "enableAttachments": false, "modes": [] },
                "apps": { "conversations": {
                    "enabled": true,
                    "messagingEndpoint": origin.replacen("http", "ws", 1),
                    "showAgentTypingIndicator": deployment.show_agent_typing_indicator,
                    "showUserTypingIndicator": deployment.show_user_typing_indicator,
                    "autoStart": { "enabled": deployment.auto_start },
                    "conversationDisconnect": disconnect,
                    "conversationClear": { "enabled": deployment.conversation_clear },
                    "notifications": { "enabled": false },
                    "markdown": { "enabled": deployment.markdown },
                    "humanize": { "enabled": deployment.humanize, "bot": { "name": BOT_NAME } },
                    "sessionDurationSeconds": deployment.session_duration_seconds,
                } },
            },
        })
    }

    fn delivery(&mut self, effects: &[Effect]) -> Delivery {
        if effects.contains(&Effect::Hang) {
            return Delivery::Never;
        }
        let mut late = 0;
        for effect in effects {
            if let Effect::Delay { ms, jitter } = effect {
                late += ms + self.random.between(0, *jitter);
            }
        }
        if late == 0 { Delivery::Now } else { Delivery::After(late) }
    }

    /// CORS: the CDN's files are everybody's; REST is for the pages of allowed domains. Without the header a browser
    /// keeps the answer from the page.
    fn allow_origin(&self, request: &Request, response: Response) -> Response {
        if request.path.starts_with(DEPLOYMENTS) {
            return preflight(response.with("access-control-allow-origin", "*"), request);
        }
        let Some(origin) = request.headers.origin.as_deref() else { return response };
        if !self.settings.admits(Some(origin)) {
            return response;
        }
        let response = response.with("access-control-allow-origin", origin).with("vary", "Origin");
        preflight(response.with("access-control-expose-headers", "Retry-After"), request)
    }
}

fn preflight(response: Response, request: &Request) -> Response {
    if request.method != "OPTIONS" {
        return response;
    }
    response
        .with("access-control-allow-methods", "GET, POST, DELETE, OPTIONS")
        .with(
            "access-control-allow-headers",
            "Authorization, Content-Type, X-Journey-Session-Id, X-Journey-Session-Type, traceparent, tracestate",
        )
        .with("access-control-max-age", "600")
}

/// What a fault answers instead.
fn status(effect: &Effect) -> Option<Response> {
    let Effect::Status { status, retry_after, html } = effect else { return None };
    let mut response = if *html {
        let mut page = Response::empty(*status).with("content-type", "text/html; charset=utf-8");
        page.body = "<!doctype html><title>Sign in</title><p>Please sign in to continue.</p>".into();
        page
    } else {
        Response::refusal(*status, "fault", "Injected by a fault rule")
    };
    if let Some(when) = retry_after {
        response = response.with("retry-after", when);
    }
    Some(response)
}
