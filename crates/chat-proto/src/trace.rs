//! Trace context ([W3C Trace Context](https://www.w3.org/TR/trace-context/), version 00): one trace for each conversation, so that what
//! the token endpoint, the backend and whatever stands between them note about it is found in one place, before and after a reconnect.
//!
//! The widget records no spans. What it sends names the whole conversation as the parent of everything that is done for it, and is the
//! same each time: spans of several services then have one parent in common, where a new one for each request would scatter them.

use alloc::string::String;

use crate::config::origin_of;
use crate::random::Random;

/// Who may learn of the trace: `data-trace`.
#[derive(Clone, Debug)]
pub struct Tracing {
    /// `https://host[:port]`, with spaces between.
    origins: String,
}

impl Tracing {
    /// The page's own origin, and those that the page lists, with spaces between. `None` if one of them is no origin.
    ///
    /// A request that carries `traceparent` to another origin is asked about beforehand and fails where that does not allow it (CORS), so
    /// nobody else is told.
    pub(crate) fn read(listed: &str, page_origin: &str) -> Option<Self> {
        let origins = (String::from(page_origin) + " " + listed).to_ascii_lowercase();
        listed.split_ascii_whitespace().all(|origin| origin_of(origin).is_some()).then_some(Self { origins })
    }

    /// Whether what is asked there may say what it belongs to.
    pub(crate) fn is_for(&self, url: &str) -> bool {
        self.origins.split_ascii_whitespace().any(|origin| {
            let origin = origin.strip_suffix('/').unwrap_or(origin);
            url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// A new trace: its version, its id, the id of the conversation in it, and the wish that it be kept.
pub(crate) fn begin(random: &mut Random) -> String {
    let mut trace = String::from("00-");
    random.push_hex(&mut trace);
    random.push_hex(&mut trace);
    trace.push('-');
    random.push_hex(&mut trace);
    trace + "-01"
}

/// Whether a header can carry it as one of ours. What storage gives back may be anything.
pub(crate) fn is_ours(text: &str) -> bool {
    text.len() == 55 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_the_form_of_the_recommendation_and_no_two_are_alike() {
        let mut random = Random::new(7);
        let traces: Vec<_> = (0..100).map(|_| begin(&mut random)).collect();
        for (at, trace) in traces.iter().enumerate() {
            assert!(is_ours(trace), "{trace}");
            assert_eq!(trace.len(), 55);
            assert!(!traces[..at].contains(trace));
        }
    }

    #[test]
    fn what_is_no_trace_of_ours_is_known() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_ours(good));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nx",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7\r\nx",
        ] {
            assert!(!is_ours(bad), "{bad}");
        }
    }

    #[test]
    fn only_the_page_s_own_origin_is_told_and_those_that_it_lists() {
        let own = Tracing::read("", "https://shop.example").unwrap();
        assert!(own.is_for("https://shop.example/api/genesys/refresh"));
        assert!(!own.is_for("https://shop.example.evil.example/api"));
        assert!(!own.is_for("https://api.mypurecloud.ie/api/v2/webmessaging/messages?pageNumber=1"));

        let listed = "https://API.mypurecloud.ie/\n  http://127.0.0.1:9000";
        let listed = Tracing::read(listed, "https://shop.example").unwrap();
        for url in ["https://shop.example/t", "https://api.mypurecloud.ie/api/v2", "http://127.0.0.1:9000/x"] {
            assert!(listed.is_for(url), "{url}");
        }
        assert!(!listed.is_for("http://api.mypurecloud.ie/api/v2"));
        assert!(!listed.is_for("http://127.0.0.1:90001/x"));
    }

    #[test]
    fn what_is_listed_and_is_no_origin_is_refused() {
        for listed in ["true", "https://a.example/path", "https://a.example, https://b.example", "*"] {
            assert!(Tracing::read(listed, "https://shop.example").is_none(), "{listed}");
        }
    }
}
