//! Which requests come from our own page. Reads two headers that a browser sets and a page's script
//! cannot; never `Host`, which a proxy in front of us may rewrite, and never `Referer`, which a page may suppress.

use std::fmt;
use std::net::IpAddr;

use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, HeaderValue, Uri};

use crate::problem::Problem;

/// Lets a request pass whose every signal says that it is from one of our pages, and which has a signal.
///
/// * `Sec-Fetch-Site`, where present, must be `same-origin`. Old browsers and plain-http sites do not send it.
/// * `Origin`, where present, must be one of ours. Every browser sends it with a POST by script.
///
/// A request without both is none that a browser of this decade makes for a page.
pub(crate) fn check(headers: &HeaderMap, ours: &[Origin]) -> Result<(), Problem> {
    let sites: Vec<_> = headers.get_all("sec-fetch-site").iter().collect();
    let origins: Vec<_> = headers.get_all(ORIGIN).iter().collect();
    if sites.is_empty() && origins.is_empty() {
        return Err(Problem::OriginMissing);
    }
    if sites.iter().any(|site| *site != "same-origin") {
        return Err(Problem::CrossSite);
    }
    for origin in origins {
        let origin = read(origin);
        if !origin.as_ref().is_some_and(|origin| ours.contains(origin)) {
            return Err(Problem::OriginNotAllowed(origin));
        }
    }
    Ok(())
}

fn read(value: &HeaderValue) -> Option<Origin> {
    value.to_str().ok().and_then(Origin::parse)
}

/// A web origin in the form browsers send it: `scheme://host[:port]`, lower case, no default port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The form in words, for whoever got it wrong.
    pub(crate) const FORM: &str =
        "must be an origin such as https://shop.example or http://127.0.0.1:8080, without a path";

    /// `None` for anything but an http(s) origin; in particular for `null`, which sandboxed frames send.
    pub fn parse(text: &str) -> Option<Origin> {
        if text.contains(['#', '?', '@']) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        if uri.path() != "/" {
            return None;
        }
        // What stands behind the host is a port or nothing: `Uri` takes anything there, and says that there is no port.
        let port: Option<u16> = match uri.authority()?.as_str().strip_prefix(uri.host()?)? {
            "" => None,
            rest => {
                let digits = rest.strip_prefix(':').filter(|port| port.bytes().all(|b| b.is_ascii_digit()))?;
                Some(digits.parse().ok()?)
            }
        };
        let host = uri.host()?.to_ascii_lowercase();
        Some(Origin(match port {
            Some(port) if port != default_port => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Nobody listens on the way to it: by https, or on this machine.
    pub(crate) fn is_private(&self) -> bool {
        let Some(authority) = self.0.strip_prefix("http://") else { return true };
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_in_the_form_browsers_send() {
        let same = [
            ("https://Shop.Example", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://shop.example:80/", "http://shop.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ];
        for (written, normal) in same {
            assert_eq!(Origin::parse(written).map(|o| o.to_string()).as_deref(), Some(normal));
        }
    }

    #[test]
    fn what_goes_to_this_machine_or_by_https_is_private() {
        let of = |text: &str| Origin::parse(text).expect("an origin").is_private();
        for text in
            ["https://a.example", "http://localhost:1", "http://127.0.0.1", "http://127.1.2.3:80", "http://[::1]:9000"]
        {
            assert!(of(text), "{text}");
        }
        for text in [
            "http://a.example",
            "http://localhost.example:1",
            "http://127.0.0.1.example",
            "http://10.0.0.1:9",
            "http://[::2]",
        ] {
            assert!(!of(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_web_origin_is_not_read_as_one() {
        let texts = [
            "",
            "null",
            "*",
            "shop.example",
            "https://",
            "file:///index.html",
            "ftp://shop.example",
            "https://shop.example/chat",
            "https://shop.example:gt=x",
            "https://shop.example:65979",
            "https://shop.example:+443",
            "https://shop.example:",
            "https://shop.example?x",
            "https://shop.example#x",
            "https://me@shop.example",
            "https://a.example https://b.example",
        ];
        for text in texts {
            assert_eq!(Origin::parse(text), None, "{text:?}");
        }
    }
}
