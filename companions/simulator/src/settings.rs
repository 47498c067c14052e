//! Everything about the backend that can be set, with the documented default and where its number comes from.
//! Serializable with every field optional, so that a test may patch one field while the simulator runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The deployment that exists without any configuration, for demo and tests.
pub const DEMO_DEPLOYMENT: &str = "3f2b1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37";

/// How this backend is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// The deployments that exist. Any other id is refused with 403, at the upgrade and for its config.
    pub deployments: Vec<Deployment>,
    /// Origin of REST and config, named in `config.json`; the socket's follows from it (`http` → `ws`).
    pub public_origin: String,
    /// Whether pages of any host may connect (default true: the simulator stands on loopback).
    pub allow_all_domains: bool,
    /// Host names that may, when not all may: exact or a parent domain; scheme and port do not count.
    pub allowed_domains: Vec<String>,
    /// Whether history is refused without an `Origin` header, as the real service does (default true).
    pub require_origin: bool,
    /// Whether the scripted agent answers (default true; storm tests switch it off).
    pub agent: bool,
    /// Whether history rows carry the `metadata.id` that the client sent (default true). Unproven for real orgs.
    pub history_shows_client_id: bool,
    /// How much of what.
    pub limits: Limits,
    /// Who may mint guests' tokens, and what these are good for. Of no matter to Web Messaging.
    pub oauth: OAuth,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deployments: vec![Deployment::default()],
            public_origin: "http://127.0.0.1:9000".into(),
            allow_all_domains: true,
            allowed_domains: Vec::new(),
            require_origin: true,
            agent: true,
            history_shows_client_id: true,
            limits: Limits::default(),
            oauth: OAuth::default(),
        }
    }
}

impl Settings {
    /// Without agent and without quotas: what a storm test starts from. Sizes and the three connections stay.
    pub fn quiet() -> Self {
        let limits = Limits {
            messages_per_second: u32::MAX,
            requests_per_minute: u32::MAX,
            configures_per_minute: u32::MAX,
            connections_per_minute: u32::MAX,
            history_per_minute: u32::MAX,
            echoes_per_minute: u32::MAX,
            ..Limits::default()
        };
        Self { agent: false, limits, ..Self::default() }
    }

    /// The deployment of this id, if there is one.
    pub(crate) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// Whether a page with this `Origin` may talk to us. No origin means no browser, which nobody refuses at the
    /// socket.
    pub(crate) fn admits(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        if self.allow_all_domains {
            return true;
        }
        let host = host_of(origin).to_ascii_lowercase();
        self.allowed_domains.iter().any(|entry| {
            let entry = entry.to_ascii_lowercase();
            host == entry || host.ends_with(&format!(".{entry}"))
        })
    }
}

/// The host name of an origin: scheme and port removed.
fn host_of(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    if rest.starts_with('[') {
        return rest.split_inclusive(']').next().unwrap_or(rest);
    }
    rest.split(':').next().unwrap_or(rest)
}

/// One messenger deployment and what its administrator switched on. The defaults are the demo's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Deployment {
    /// The id that a page names.
    pub id: String,
    /// `Active`; an inactive deployment is refused at the upgrade.
    pub active: bool,
    /// The conversation begins with a Join instead of with the first text.
    pub auto_start: bool,
    /// Agents' typing is sent to the visitor.
    pub show_agent_typing_indicator: bool,
    /// Visitors' typing is accepted; otherwise it is answered with 403.
    pub show_user_typing_indicator: bool,
    /// What the visitor learns when the agent ends the conversation.
    pub conversation_disconnect: Disconnection,
    /// Whether the visitor may clear the conversation; otherwise Clear is answered with 403.
    pub conversation_clear: bool,
    /// Whether agents appear by name.
    pub humanize: bool,
    /// Whether agents' text is in the service's Markdown dialect.
    pub markdown: bool,
    /// `messenger.styles.primaryColor`.
    pub primary_color: String,
    /// Life of a session after its last message, in seconds; documented default 72 h (259 200).
    pub session_duration_seconds: u64,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            id: DEMO_DEPLOYMENT.into(),
            active: true,
            auto_start: true,
            show_agent_typing_indicator: true,
            show_user_typing_indicator: true,
            conversation_disconnect: Disconnection::ReadOnly,
            conversation_clear: true,
            humanize: true,
            markdown: true,
            primary_color: "#0165A7".into(),
            session_duration_seconds: 259_200,
        }
    }
}

/// What is sent when the agent ends the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disconnection {
    /// Nothing (the product's default).
    Off,
    /// A Disconnect event; the visitor may keep writing.
    Send,
    /// A Disconnect event marked read-only; writing is refused with 409 from then on.
    ReadOnly,
}

/// Quotas and sizes. Sources: the platform's limits page and the protocol reference, section 6.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// Messages per second and session (5). Typing and presence do not count here.
    pub messages_per_second: u32,
    /// Requests of any action per minute and connection (60).
    pub requests_per_minute: u32,
    /// Configure requests per minute and session (60).
    pub configures_per_minute: u32,
    /// New connections per minute and deployment (1000).
    pub connections_per_minute: u32,
    /// History requests per minute and session (10).
    pub history_per_minute: u32,
    /// Health-check echoes per minute and connection (2).
    pub echoes_per_minute: u32,
    /// Live connections of one session; one more evicts the oldest (3).
    pub connections_per_session: usize,
    /// Bytes of UTF-8 in one text (4096); more is error 4011.
    pub text_bytes: usize,
    /// Bytes of custom attributes, keys and values together (2048); more is error 4013.
    pub attribute_bytes: usize,
    /// Rows in a history page, asked for or not (25).
    pub page_size: u64,
    /// Life of a history JWT in seconds (60).
    pub jwt_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_second: 5,
            requests_per_minute: 60,
            configures_per_minute: 60,
            connections_per_minute: 1000,
            history_per_minute: 10,
            echoes_per_minute: 2,
            connections_per_session: 3,
            text_bytes: 4096,
            attribute_bytes: 2048,
            page_size: 25,
            jwt_seconds: 60,
        }
    }
}

/// The organisation's OAuth client (client credentials), and the lives of what is had with it. A token keeps the life
/// and the scopes that it was issued with: a change is met by the next service token, and by guests minted with that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct OAuth {
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
    /// What the client may do, and so its guests (default: all that any wire asks for).
    pub scopes: BTreeSet<String>,
    /// Life of a service token in seconds (3600).
    pub service_token_seconds: u64,
    /// Life of a guest's token in seconds (900).
    pub guest_token_seconds: u64,
}

impl Default for OAuth {
    fn default() -> Self {
        let scopes = ["guest:read", "guest:write", "conversation:read", "conversation:write"];
        Self {
            client_id: "demo-client".into(),
            client_secret: "demo-secret".into(),
            scopes: scopes.map(str::to_owned).into(),
            service_token_seconds: 3600,
            guest_token_seconds: 900,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_admits_itself_and_its_subdomains_on_any_port() {
        let settings =
            Settings { allow_all_domains: false, allowed_domains: vec!["Shop.example".into()], ..Settings::default() };
        assert!(settings.admits(Some("https://shop.example")));
        assert!(settings.admits(Some("http://www.SHOP.example:8080")));
        assert!(!settings.admits(Some("https://notshop.example")));
        assert!(!settings.admits(Some("https://shop.example.evil")));
    }

    #[test]
    fn an_empty_list_admits_no_page() {
        let settings = Settings { allow_all_domains: false, ..Settings::default() };
        assert!(!settings.admits(Some("http://localhost:8080")));
    }
}
