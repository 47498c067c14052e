//! What a page configures, checked once and whole: [`Config::new`] names every bad field at once.

use alloc::{format, string::String, string::ToString, vec::Vec};

use crate::dialect::{DIALECTS, Dialect};
use crate::timings::Timings;
use crate::trace::Tracing;

/// The attributes of the script tag as they were written, without the `data-` in front; empty ones count as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `data-deployment-id`, required: the Messenger deployment's id.
    pub deployment_id: Option<String>,
    /// `data-region`: the region's domain, like `mypurecloud.ie`. Required unless there is an endpoint.
    pub region: Option<String>,
    /// `data-endpoint`: one origin that serves socket, REST and deployment files instead of the region's hosts.
    pub endpoint: Option<String>,
    /// `data-token-url`, already resolved against the page: where tokens come from. Without it the widget makes its own.
    pub token_url: Option<String>,
    /// `data-dialect`: the wire that is spoken; Genesys' Web Messaging if there is none.
    pub dialect: Option<String>,
    /// `data-socket-url`: where the socket is, if it is not where the wire has it.
    pub socket_url: Option<String>,
    /// `data-post-url`: where messages are posted, if it is not where the wire has it.
    #[cfg(feature = "wires")]
    pub post_url: Option<String>,
    /// `data-trace`: trace each conversation, and let these other origins learn of it. Here an empty one counts.
    pub trace: Option<String>,
    /// The origin of the page, which the token endpoint must share.
    pub page_origin: String,
}

/// A configuration that is fit for use.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Messenger deployment's id.
    pub deployment_id: String,
    dialect: &'static dyn Dialect,
    /// `wss://host/path` of the socket, without a query.
    pub socket_url: String,
    /// `https://host` of the REST interface, without a path.
    pub api_origin: String,
    /// `https://host/path` with `{contactId}` in it, to which messages are posted; `None` if that is where the wire has it.
    #[cfg(feature = "wires")]
    pub post_url: Option<String>,
    /// `https://host` of the deployment's files, without a path.
    pub files_origin: String,
    /// Where tokens come from; `None` if the widget makes its own.
    pub token_url: Option<String>,
    /// Who may learn which trace a conversation is; `None` if none is to be traced.
    pub tracing: Option<Tracing>,
    /// When things happen.
    pub timings: Timings,
}

/// One attribute that cannot be used, and why. Reads as a line: `data-region: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The attribute as the page writes it, like `data-region`.
    pub attribute: &'static str,
    /// What is wrong and what would be right, without a full stop.
    pub problem: String,
}

/// The domains of Genesys Cloud's regions, offered where a region cannot be read.
pub const REGIONS: &str = "mypurecloud.com, usw2.pure.cloud, cac1.pure.cloud, sae1.pure.cloud, mxc1.pure.cloud, \
    mypurecloud.ie, euw2.pure.cloud, mypurecloud.de, euc2.pure.cloud, mec1.pure.cloud, \
    aps1.pure.cloud, mypurecloud.jp, apne2.pure.cloud, apne3.pure.cloud, apse1.pure.cloud, \
    mypurecloud.com.au, use2.us-gov-pure.cloud";

impl Config {
    /// The wire that is spoken. In a build that speaks a single one it is known to the compiler, which leaves out what that one never needs.
    pub fn dialect(&self) -> &'static dyn Dialect {
        if cfg!(feature = "wires") { self.dialect } else { DIALECTS[0] }
    }

    /// Below this name the browser keeps what belongs to the deployment, and its tabs find each other. Ids and lines of one wire mean nothing
    /// on another.
    pub fn name_in_browser(&self) -> String {
        let mut name = String::from("guest-chat:") + &self.deployment_id;
        let habits = self.dialect().habits();
        if habits != DIALECTS[0].habits() {
            name = name + ":" + habits.name;
        }
        name
    }

    /// Checks the settings. On failure every bad attribute is named, in the order of their documentation.
    pub fn new(settings: &Settings) -> Result<Self, Vec<FieldError>> {
        Self::among(settings, DIALECTS)
    }

    /// The same where these wires are spoken, and the first of them if the page does not choose. There must be one.
    pub fn among(settings: &Settings, dialects: &[&'static dyn Dialect]) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let given =
            |field: &Option<String>| field.as_deref().map(str::trim).filter(|it| !it.is_empty()).map(str::to_string);

        let deployment_id = given(&settings.deployment_id);
        match &deployment_id {
            None => errors.push(error("data-deployment-id", "is missing; it is the id of the Messenger deployment")),
            Some(id) if !is_identifier(id) => {
                errors.push(error(
                    "data-deployment-id",
                    "is not an id; letters, digits and hyphens, like 9b1dc0de-1234-4abc-8def-0123456789ab",
                ));
            }
            Some(_) => {}
        }

        let wanted = given(&settings.dialect);
        let mut spoken = dialects.iter().copied();
        let dialect = spoken.find(|dialect| wanted.as_deref().is_none_or(|wanted| dialect.habits().name == wanted));
        if dialect.is_none() {
            let mut problem = String::from("is none of these:");
            for dialect in dialects {
                problem = problem + " " + dialect.habits().name;
            }
            errors.push(FieldError { attribute: "data-dialect", problem });
        }
        let dialect = dialect.unwrap_or(dialects[0]);
        let habits = dialect.habits();

        let endpoint = given(&settings.endpoint);
        let region = given(&settings.region).map(|region| region.to_ascii_lowercase());
        match &region {
            Some(region) if !is_host_name(region) => errors.push(unknown_region()),
            None if endpoint.is_none() => errors
                .push(FieldError { problem: format!("is missing; the regions are {REGIONS}"), ..unknown_region() }),
            Some(_) | None => {}
        }
        if endpoint.as_deref().is_some_and(|endpoint| origin_of(endpoint).is_none()) {
            errors.push(error(
                "data-endpoint",
                "is not an origin; http:// or https://, a host and perhaps a port, without a path",
            ));
        }

        let socket_url = given(&settings.socket_url);
        if socket_url.as_deref().is_some_and(|url| !is_address(url, "ws", &["conversationId}", "guestId}"])) {
            errors.push(error(
                "data-socket-url",
                "is none; wss://, a host and a path without a query, perhaps with {conversationId} or {guestId} in it",
            ));
        } else if socket_url.is_none() && endpoint.is_none() && habits.host.is_none() {
            errors.push(error(
                "data-socket-url",
                "is missing; this dialect has no host in common, write wss://host/path",
            ));
        }

        #[cfg(feature = "wires")]
        let post_url = given(&settings.post_url);
        #[cfg(feature = "wires")]
        if post_url.as_deref().is_some_and(|url| !is_address(url, "http", &["contactId}"]) || !url.contains('{')) {
            errors.push(error(
                "data-post-url",
                "is none; https://, a host and a path without a query, with {contactId} in it",
            ));
        }

        let token_url = given(&settings.token_url);
        if token_url.is_none() && !habits.has_own_tokens {
            errors.push(error("data-token-url", "is missing; this dialect's tokens come from this page's own origin"));
        }
        if token_url.as_deref().is_some_and(|url| !is_below(url, &settings.page_origin)) {
            errors.push(error(
                "data-token-url",
                "is not on this page's own origin; write a path, like /api/genesys/refresh",
            ));
        }

        // Whoever wants it loads the build with the wires.
        let tracing = settings
            .trace
            .as_deref()
            .filter(|_| cfg!(feature = "wires"))
            .map(|listed| Tracing::read(listed, &settings.page_origin));
        if matches!(tracing, Some(None)) {
            errors.push(error(
                "data-trace",
                "lists what is no origin; leave it empty, or write https://host, with spaces between",
            ));
        }

        if !errors.is_empty() {
            return Err(errors);
        }
        let (socket_origin, api_origin, files_origin) = match endpoint.as_deref().and_then(origin_of) {
            Some((true, host)) => (format!("wss://{host}"), format!("https://{host}"), format!("https://{host}")),
            Some((false, host)) => (format!("ws://{host}"), format!("http://{host}"), format!("http://{host}")),
            None => {
                let region = region.unwrap_or_default();
                (
                    format!("wss://{}.{region}", habits.host.unwrap_or_default()),
                    format!("https://api.{region}"),
                    format!("https://api-cdn.{region}"),
                )
            }
        };
        Ok(Self {
            deployment_id: deployment_id.unwrap_or_default(),
            dialect,
            socket_url: socket_url.unwrap_or_else(|| socket_origin + habits.path),
            api_origin,
            #[cfg(feature = "wires")]
            post_url,
            files_origin,
            token_url,
            tracing: tracing.flatten(),
            timings: Timings::default(),
        })
    }
}

fn error(attribute: &'static str, problem: &str) -> FieldError {
    FieldError { attribute, problem: problem.to_string() }
}

fn unknown_region() -> FieldError {
    FieldError { attribute: "data-region", problem: format!("is not a host name; the regions are {REGIONS}") }
}

fn is_identifier(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Whether it is secure, and host with port, of `http(s)://host[:port][/]`.
pub(crate) fn origin_of(endpoint: &str) -> Option<(bool, String)> {
    let endpoint = endpoint.strip_suffix('/').unwrap_or(endpoint).to_ascii_lowercase();
    let (secure, host) = match endpoint.strip_prefix("https://") {
        Some(host) => (true, host),
        None => (false, endpoint.strip_prefix("http://")?),
    };
    let is_port =
        |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0) && port.bytes().all(|b| b.is_ascii_digit());
    // A host inside a private network may have a name of one label, like `gateway`.
    let is_name = |name: &str| is_host_name(&format!("{name}.local"));
    let is_fit = match host.strip_prefix('[') {
        Some(literal) => {
            let (address, port) = literal.split_once(']')?;
            let is_address =
                !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.');
            is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        }
        None => match host.split_once(':') {
            Some((name, port)) => is_name(name) && is_port(port),
            None => is_name(host),
        },
    };
    is_fit.then(|| (secure, host.to_string()))
}

/// Whether it is `scheme(s)://host[:port]/path`, without a query, which is the dialect's affair.
fn is_address(url: &str, scheme: &str, names: &[&str]) -> bool {
    let Some((own, rest)) = url.split_once("://") else { return false };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (own == scheme || own.strip_suffix('s') == Some(scheme))
        && origin_of(&format!("http://{host}")).is_some()
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#')
        // The names of ids, and nothing else that wants to be replaced.
        && path.split('{').skip(1).all(|rest| names.iter().any(|name| rest.starts_with(name)))
}

fn is_below(url: &str, origin: &str) -> bool {
    url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            deployment_id: Some("9b1dc0de-1234-4abc-8def-0123456789ab".into()),
            region: Some("mypurecloud.ie".into()),
            endpoint: None,
            token_url: Some("https://shop.example/api/genesys/refresh".into()),
            page_origin: "https://shop.example".into(),
            ..Settings::default()
        }
    }

    fn bad_fields(settings: &Settings) -> Vec<&'static str> {
        Config::new(settings).err().unwrap_or_default().iter().map(|error| error.attribute).collect()
    }

    #[test]
    fn a_region_gives_its_three_hosts() {
        let config = Config::new(&settings()).unwrap();
        assert_eq!(config.socket_url, "wss://webmessaging.mypurecloud.ie/v1");
        assert_eq!(config.api_origin, "https://api.mypurecloud.ie");
        assert_eq!(config.files_origin, "https://api-cdn.mypurecloud.ie");
    }

    #[test]
    fn an_endpoint_replaces_all_three_hosts() {
        for (endpoint, socket) in [
            ("http://127.0.0.1:9000", "ws://127.0.0.1:9000"),
            ("https://gateway.example/", "wss://gateway.example"),
            ("http://[::1]:9000", "ws://[::1]:9000"),
            ("http://[::ffff:127.0.0.1]:9000", "ws://[::ffff:127.0.0.1]:9000"),
            ("HTTP://localhost:1", "ws://localhost:1"),
            ("http://localhost", "ws://localhost"),
            ("http://gateway:65535", "ws://gateway:65535"),
            ("https://[fe80::1]/", "wss://[fe80::1]"),
        ] {
            let settings = Settings { endpoint: Some(endpoint.into()), region: None, ..settings() };
            assert_eq!(Config::new(&settings).unwrap().socket_url, format!("{socket}/v1"), "{endpoint}");
        }
    }

    #[test]
    fn each_dialect_has_its_socket_and_where_it_has_none_in_common_the_page_names_it() {
        for (dialect, socket) in [
            ("web-messaging", "wss://webmessaging.mypurecloud.ie/v1"),
            ("guest-sessions", "wss://api.mypurecloud.ie/api/v2/guest/sessions"),
            ("guest-webchat", "wss://api.mypurecloud.ie/api/v2/guest/conversations/webchat"),
            ("conversation-socket", "wss://api.mypurecloud.ie/api/v2/conversations/messaging/channels/ws"),
        ] {
            let settings = Settings { dialect: Some(dialect.into()), ..settings() };
            assert_eq!(Config::new(&settings).unwrap().socket_url, socket);
        }
        for dialect in ["external-contacts", "webmessaging-guests"] {
            let settings = Settings { dialect: Some(dialect.into()), ..settings() };
            assert_eq!(bad_fields(&settings), ["data-socket-url"], "{dialect}");
            for url in ["wss://a.example:8443/b/c", "ws://localhost/b"] {
                let named = Settings { socket_url: Some(url.into()), ..settings.clone() };
                assert_eq!(Config::new(&named).unwrap().socket_url, url);
            }
            let local = Settings { endpoint: Some("http://localhost:1".into()), ..settings };
            assert!(Config::new(&local).unwrap().socket_url.starts_with("ws://localhost:1/api/v2/"), "{dialect}");
        }
    }

    #[test]
    fn what_is_kept_of_one_wire_is_not_found_on_another() {
        let names = ["web-messaging", "guest-sessions", "guest-webchat"].map(|dialect| {
            let settings = Settings { dialect: Some(dialect.into()), ..settings() };
            Config::new(&settings).unwrap().name_in_browser()
        });
        let id = "9b1dc0de-1234-4abc-8def-0123456789ab";
        assert_eq!(
            names,
            [
                format!("guest-chat:{id}"),
                format!("guest-chat:{id}:guest-sessions"),
                format!("guest-chat:{id}:guest-webchat")
            ]
        );
    }

    #[test]
    fn a_dialect_that_is_none_and_a_token_that_nobody_grants_are_named() {
        let wrong = Settings { dialect: Some("webchat".into()), ..settings() };
        let errors = Config::new(&wrong).unwrap_err();
        assert_eq!(errors[0].attribute, "data-dialect");
        assert!(DIALECTS.iter().all(|dialect| errors[0].problem.contains(dialect.habits().name)), "{errors:?}");
        let alone = Settings { dialect: Some("guest-sessions".into()), token_url: None, ..settings() };
        assert_eq!(bad_fields(&alone), ["data-token-url"]);
    }

    #[test]
    fn a_socket_that_has_no_address_is_refused() {
        for url in [
            "https://a.example/b",
            "wss://",
            "wss://a b/c",
            "wss://a.example/b?c",
            "wss:/a.example",
            "a.example",
            "wss://a.example/ü",
            "wss://a.example/{id}",
            "wss://a.example/{guestId}/{",
        ] {
            let settings = Settings { socket_url: Some(url.into()), ..settings() };
            assert_eq!(bad_fields(&settings), ["data-socket-url"], "{url}");
        }
    }

    #[test]
    fn a_place_to_post_to_says_where_the_contact_stands() {
        for (url, is_good) in [
            ("https://a.example/{contactId}/messages", true),
            ("http://127.0.0.1:9000/to/{contactId}", true),
            ("https://a.example/messages", false),
            ("https://a.example/{id}", false),
            ("https://a.example/{contactId}?to=a", false),
            ("https://{contactId}/messages", false),
            ("wss://a.example/{contactId}", false),
            ("/{contactId}/messages", false),
        ] {
            let settings = Settings { post_url: Some(url.into()), ..settings() };
            let config = Config::new(&settings);
            assert_eq!(config.as_ref().ok().and_then(|config| config.post_url.as_deref()), is_good.then_some(url));
            assert_eq!(config.err().map(|errors| errors[0].attribute), (!is_good).then_some("data-post-url"), "{url}");
        }
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let settings = Settings {
            deployment_id: Some("no id".into()),
            region: Some("eu west".into()),
            endpoint: Some("127.0.0.1:9000".into()),
            token_url: Some("https://elsewhere.example/token".into()),
            ..settings()
        };
        assert_eq!(bad_fields(&settings), ["data-deployment-id", "data-region", "data-endpoint", "data-token-url"]);
        assert_eq!(bad_fields(&Settings::default()), ["data-deployment-id", "data-region"]);
    }

    #[test]
    fn a_region_is_checked_for_form_even_beside_an_endpoint() {
        let with = |region: &str| Settings {
            region: Some(region.into()),
            endpoint: Some("http://127.0.0.1:9000".into()),
            ..settings()
        };
        assert_eq!(bad_fields(&with("nowhere")), ["data-region"]);
        assert_eq!(bad_fields(&with("new-region.pure.cloud")), [""; 0]);
    }

    #[test]
    fn a_region_is_a_host_name_of_two_labels_at_least() {
        let of = |lengths: &[usize]| lengths.iter().map(|n| "a".repeat(*n)).collect::<Vec<_>>().join(".");
        let (longest, too_long) = (of(&[63, 63, 63, 61]), of(&[63, 63, 63, 62]));
        for (region, is_fit) in [
            (of(&[63, 2]).as_str(), true),
            (of(&[64, 2]).as_str(), false),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("a-b.example", true),
            ("-a.example", false),
            ("a-.example", false),
            ("a_b.example", false),
            ("a..example", false),
            (".example", false),
            ("a.example.", false),
        ] {
            let settings = Settings { region: Some(region.into()), ..settings() };
            assert_eq!(Config::new(&settings).is_ok(), is_fit, "{region}");
        }
    }

    #[test]
    fn an_id_is_of_letters_digits_and_hyphens_and_no_longer_than_64() {
        for (id, is_fit) in [("a".repeat(64), true), ("a".repeat(65), false), ("a_b".into(), false), ("-".into(), true)]
        {
            let settings = Settings { deployment_id: Some(id.clone()), ..settings() };
            assert_eq!(Config::new(&settings).is_ok(), is_fit, "{id}");
        }
    }

    #[test]
    fn the_error_of_a_region_suggests_the_known_ones() {
        let errors = Config::new(&Settings { region: Some("ireland".into()), ..settings() }).unwrap_err();
        assert!(errors[0].problem.contains("mypurecloud.ie"));
    }

    #[test]
    fn endpoints_that_are_no_origin_are_refused() {
        for endpoint in [
            "ftp://a.example",
            "http://",
            "http://a.example/v1",
            "http://a b",
            "http://a.example:0",
            "http://a:+1",
            "http://a:65536",
            "http://a:",
            "http://a_b.example",
            "http://-a.example",
            "http://[]:9000",
            "http://[::g]:9000",
            "http://[::1]9000",
            "http://[::1]:",
            "http://[::1]:0",
            "http://u@a.example",
            "//a.example",
        ] {
            assert_eq!(
                bad_fields(&Settings { endpoint: Some(endpoint.into()), ..settings() }),
                ["data-endpoint"],
                "{endpoint}"
            );
        }
    }

    #[test]
    fn a_token_endpoint_elsewhere_is_refused_even_if_it_looks_alike() {
        for url in [
            "https://shop.example.evil.example/t",
            "https://shop.example@evil.example/t",
            "http://shop.example/t",
            "https://shop.example",
            "refresh",
        ] {
            assert_eq!(
                bad_fields(&Settings { token_url: Some(url.into()), ..settings() }),
                ["data-token-url"],
                "{url}"
            );
        }
    }
}
