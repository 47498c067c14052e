//! Where to look: the addresses that follow from the tag's attributes, checked by the same code as the widget's.

pub use chat_proto::config::{FieldError, Settings};

use chat_proto::config::Config;
use chat_proto::dialect::Speaker;

use crate::observe::{BadField, Observations, TokenEndpoint};

/// What to ask, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The Messenger deployment's id.
    pub deployment: String,
    /// The site's token endpoint, if there is one: `POST`.
    pub token_url: Option<String>,
    /// The deployment's settings: `GET`.
    pub config_url: String,
    /// The domains whose pages may chat: `GET`.
    pub domains_url: String,
    /// The socket.
    pub socket_url: String,
}

impl Plan {
    /// The plan for a page with these attributes, or everything that is wrong with them.
    pub fn new(settings: &Settings) -> Result<Self, Vec<FieldError>> {
        let config = Config::new(settings)?;
        let files = format!("{}/webdeployments/v1/deployments/{}", config.files_origin, config.deployment_id);
        let socket_url = config.dialect().socket_url(&config, &Speaker::default());
        Ok(Self {
            token_url: config.token_url,
            config_url: format!("{files}/config.json"),
            domains_url: format!("{files}/domains.json"),
            socket_url,
            deployment: config.deployment_id,
        })
    }

    /// What the token endpoint is told. An id has no character that JSON would want escaped.
    pub fn token_request(&self) -> String {
        format!(r#"{{"deployment_id":"{}","session":"keep"}}"#, self.deployment)
    }
}

impl Observations {
    /// What can be said before anything is asked; and what to ask, if the attributes can be used.
    pub fn begin(settings: &Settings) -> (Self, Option<Plan>) {
        let mut seen = Self { page_host: host_of(&settings.page_origin).into(), ..Self::default() };
        match Plan::new(settings) {
            Ok(plan) => {
                let is_open = plan.config_url.starts_with("http://") && !is_this_machine(host_of(&plan.config_url));
                seen.is_mixed = is_open && settings.page_origin.starts_with("https://");
                seen.token = plan.token_url.as_ref().map(|_| TokenEndpoint::default());
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
    use super::*;

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
        assert_eq!(plan.socket_url, "wss://webmessaging.mypurecloud.ie/v1?deploymentId=d-1");
        assert_eq!(plan.config_url, "https://api-cdn.mypurecloud.ie/webdeployments/v1/deployments/d-1/config.json");
    }
}
