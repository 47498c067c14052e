//! Where to look: the addresses that follow from the tag's attributes, checked by the same code as the widget's.

pub use chat_proto::config::{FieldError, Settings};

use chat_proto::config::Config;
use chat_proto::dialect::conversation_socket::ConversationSocket;
use chat_proto::dialect::external_contacts::ExternalContacts;
use chat_proto::dialect::guest_sessions::GuestSessions;
use chat_proto::dialect::guest_webchat::GuestWebchat;
use chat_proto::dialect::webmessaging_guests::WebmessagingGuests;
use chat_proto::dialect::{Dialect, Habits};

use crate::observe::{BadField, Observations, TokenEndpoint};
use crate::wire::Published;

/// The widget's own, but for the first: what that one says is written apart, and all that it understands would be carried along for nothing.
static DIALECTS: [&dyn Dialect; 6] =
    [&Published, &ExternalContacts, &GuestSessions, &GuestWebchat, &WebmessagingGuests, &ConversationSocket];

/// What to ask, in this order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the attributes mean.
    pub(crate) config: Config,
    /// The site's token endpoint, if there is one: `POST`.
    pub token_url: Option<String>,
    /// The deployment's settings, `GET`; `None` on a wire that knows no deployments.
    pub config_url: Option<String>,
    /// The domains whose pages may chat, `GET`; the same.
    pub domains_url: Option<String>,
}

impl Plan {
    /// The plan for a page with these attributes, or everything that is wrong with them.
    pub fn new(settings: &Settings) -> Result<Self, Vec<FieldError>> {
        let config = Config::among(settings, &DIALECTS)?;
        let has_files = config.dialect().habits().has_own_tokens;
        let file = |name| {
            let url = format!("{}/webdeployments/v1/deployments/{}/{name}", config.files_origin, config.deployment_id);
            has_files.then_some(url)
        };
        Ok(Self {
            token_url: config.token_url.clone(),
            config_url: file("config.json"),
            domains_url: file("domains.json"),
            config,
        })
    }

    /// The wire, if it is another than Genesys' own.
    pub fn wire(&self) -> Option<&'static Habits> {
        Some(self.config.dialect().habits()).filter(|habits| !habits.has_own_tokens)
    }

    /// What the token endpoint is told: to go on with a conversation, or to begin one. A name and an id have no character that JSON would
    /// want escaped.
    pub fn token_request(&self, is_new: bool) -> String {
        let dialect = self.wire().map_or_else(String::new, |wire| format!(r#""dialect":"{}","#, wire.name));
        let session = if is_new { "new" } else { "keep" };
        format!(r#"{{{dialect}"deployment_id":"{}","session":"{session}"}}"#, self.config.deployment_id)
    }
}

impl Observations {
    /// What can be said before anything is asked; and what to ask, if the attributes can be used.
    pub fn begin(settings: &Settings) -> (Self, Option<Plan>) {
        let mut seen = Self { page_host: host_of(&settings.page_origin).into(), ..Self::default() };
        match Plan::new(settings) {
            Ok(plan) => {
                let socket = &plan.config.socket_url;
                let is_open = socket.starts_with("ws://") && !is_this_machine(host_of(socket));
                seen.is_mixed = is_open && settings.page_origin.starts_with("https://");
                seen.token = plan.token_url.as_ref().map(|_| TokenEndpoint::default());
                seen.wire = plan.wire();
                seen.socket = seen.wire.map(|_| socket.clone()).unwrap_or_default();
                (seen, Some(plan))
            }
            Err(errors) => {
                seen.bad_fields =
                    errors.into_iter().map(|it| BadField { attribute: it.attribute, problem: it.problem }).collect();
                (seen, None)
            }
        }
    }
}

/// Browsers hold this machine for secure, whatever the scheme.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

/// Whether one of a deployment's domains admits a page on this host: itself or a parent of it, in any case. Scheme and port do not
/// count; `localhost` and `127.0.0.1` are two hosts.
pub fn admits(entry: &str, host: &str) -> bool {
    let (entry, host) = (entry.to_ascii_lowercase(), host.to_ascii_lowercase());
    host == entry || host.strip_suffix(&entry).is_some_and(|front| !entry.is_empty() && front.ends_with('.'))
}

/// The host of `scheme://user@host:port/path?query`, and nothing else of it; empty if it has none.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.find(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::dialect::Speaker;

    use super::*;
    use crate::talk::Talk;

    #[test]
    fn a_domain_admits_itself_and_what_is_below_it() {
        assert!(admits("Shop.example", "shop.example") && admits("shop.example", "www.SHOP.example"));
        assert!(!admits("shop.example", "notshop.example") && !admits("", "shop.example"));
        assert!(!admits("localhost", "127.0.0.1"));
    }

    #[test]
    fn of_an_address_only_the_host_is_kept() {
        assert_eq!(host_of("https://user:secret@shop.example:8443/path?token=secret"), "shop.example");
        assert_eq!(host_of("ws://[::1]:9000/v1"), "[::1]");
        assert_eq!(host_of("no address"), "");
    }

    #[test]
    fn the_plan_is_made_of_the_region_s_hosts() {
        let settings = Settings {
            deployment_id: Some("d-1".into()),
            region: Some("mypurecloud.ie".into()),
            ..Settings::default()
        };
        let plan = Plan::new(&settings).unwrap();
        let talk = Talk::new(&plan, Speaker::default(), None, 0);
        assert_eq!(talk.url(), "wss://webmessaging.mypurecloud.ie/v1?deploymentId=d-1");
        let config = "https://api-cdn.mypurecloud.ie/webdeployments/v1/deployments/d-1/config.json";
        assert_eq!(plan.config_url.as_deref(), Some(config));
        assert_eq!(plan.token_request(false), r#"{"deployment_id":"d-1","session":"keep"}"#);
    }

    #[test]
    fn the_same_wires_are_known_as_the_widget_speaks() {
        let names = |dialects: &[&dyn Dialect]| dialects.iter().map(|it| it.habits().name).collect::<Vec<_>>();
        assert_eq!(names(&DIALECTS), names(chat_proto::dialect::DIALECTS));
    }

    #[test]
    fn on_another_wire_the_endpoint_is_told_which_and_no_deployment_is_asked() {
        let settings = Settings {
            deployment_id: Some("d-1".into()),
            region: Some("mypurecloud.ie".into()),
            dialect: Some("guest-webchat".into()),
            token_url: Some("https://shop.example/t".into()),
            page_origin: "https://shop.example".into(),
            ..Settings::default()
        };
        let plan = Plan::new(&settings).unwrap();
        assert_eq!((&plan.config_url, &plan.domains_url), (&None, &None));
        assert_eq!(plan.token_request(true), r#"{"dialect":"guest-webchat","deployment_id":"d-1","session":"new"}"#);
    }
}
