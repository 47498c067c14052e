//! What is wrong with the site's token endpoint.

use super::page::is_on_time;
use super::{Alike, Cause, nothing};
use crate::observe::{Again, Failure, Form, Grant, Observations, Reach, TokenEndpoint, TokenProblem};

/// What leaves the widget without a token.
pub(super) static STOPS: [Cause; 20] = [
    Cause {
        id: "token-unreachable",
        title: "the token endpoint cannot be reached",
        change: "Start the token endpoint, and let the server of the page forward data-token-url to it.",
        alike: &[Alike {
            id: "token-certificate",
            experiment: "A browser does not say so to a page: open data-token-url in a tab of the same browser, and it warns of the \
                certificate if that is the cause; or run `guest-chat doctor`, which sees it.",
            is_ruled_out: |seen| !failed(seen, |failure| failure == Failure::Unsaid),
        }],
        detail: nothing,
        holds: |seen| {
            failed(seen, |failure| match failure {
                Failure::Timeout | Failure::Tls | Failure::Certificate | Failure::Policy => false,
                Failure::Name | Failure::Refused | Failure::Cut | Failure::Unsaid => true,
            })
        },
    },
    Cause {
        id: "token-tls",
        title: "no encrypted connection to the token endpoint comes about",
        change: "Let the site answer by TLS 1.2 or 1.3 at the port of data-token-url.",
        alike: &[],
        detail: nothing,
        holds: |seen| failed(seen, |failure| failure == Failure::Tls),
    },
    Cause {
        id: "token-certificate",
        title: "the token endpoint's certificate is not trusted",
        change: "Give the site a certificate that browsers trust, for this very host, in time, and with all of its chain.",
        alike: &[Alike {
            id: "clock-skew",
            experiment: "Compare this machine's clock with another's: a clock that is off by days makes every certificate invalid.",
            is_ruled_out: is_on_time,
        }],
        detail: nothing,
        holds: |seen| failed(seen, |failure| failure == Failure::Certificate),
    },
    Cause {
        id: "token-timeout",
        title: "the token endpoint does not answer within 10 s",
        change: "The widget waits no longer. Look at what the endpoint waits for; behind it, give its own upstream a shorter limit.",
        alike: &[],
        detail: nothing,
        holds: |seen| failed(seen, |failure| failure == Failure::Timeout),
    },
    Cause {
        id: "token-redirected",
        title: "the token endpoint leads elsewhere instead of answering",
        change: "Answer at data-token-url itself: exempt the path from the site's login, and write it as the server has it (https, host, \
            slash at the end).",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            token(seen, |it| it.asked.reach == Reach::Redirected || matches!(it.asked.status(), Some(300..=399)))
        },
    },
    Cause {
        id: "token-html",
        title: "the token endpoint answers with a web page",
        change: "Forward data-token-url to the token endpoint: what answers is the site's login page, or its page for unknown paths.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.asked.is_success() && it.asked.form == Form::Html),
    },
    Cause {
        id: "token-no-grant",
        title: "the token endpoint's answer is no grant",
        change: "Answer {\"token\": \"…\", \"expires_in\": 3600}: a text, and a whole number of seconds above zero.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            token(seen, |it| {
                let is_json = it.asked.form == Form::Json;
                let is_bad = matches!(it.grant, Grant::NoToken | Grant::NoLife);
                it.asked.is_success() && it.asked.form != Form::Html && (is_bad || !is_json)
            })
        },
    },
    Cause {
        id: "token-short-life",
        title: "the token endpoint grants for less than five seconds",
        change: "Let expires_in be 5 or more, and better an hour: a grant that is over on arrival is none. If it counts down the life of \
            an upstream token, renew that one earlier.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.expires_in.is_some_and(|seconds| seconds < 5)),
    },
    Cause {
        id: "token-origin-not-allowed",
        title: "the token endpoint does not know this page's origin",
        change: "Start it with --origin and the page's origin as the address bar has it (scheme, host, port).",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::OriginNotAllowed),
    },
    Cause {
        id: "token-origin-missing",
        title: "the token endpoint is not told where the page is from",
        change: "Let the reverse proxy in front of it pass Origin, Sec-Fetch-Site and Cookie on.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::OriginMissing),
    },
    Cause {
        id: "token-cross-site",
        title: "the token endpoint holds the page for a foreign one",
        change: "Serve its path from the very origin of the page: scheme, host and port.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::CrossSite),
    },
    Cause {
        id: "token-deployment-missing",
        title: "the token endpoint is not told for which deployment",
        change: "Let the reverse proxy in front of it pass the body on, and data-deployment-id be in the tag.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::DeploymentMissing),
    },
    Cause {
        id: "token-deployment-not-served",
        title: "the token endpoint does not serve this deployment",
        change: "Start it with --deployment and the id that the page names, or correct data-deployment-id.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::DeploymentNotServed),
    },
    Cause {
        id: "token-dialect-not-served",
        title: "the token endpoint does not serve the page's dialect",
        change: "Start it with --dialect and the name that the page has in data-dialect, with --api and the client that mints; or correct \
            data-dialect.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::DialectNotServed),
    },
    Cause {
        id: "token-client-refused",
        title: "the API refuses the client id and the secret by which the token endpoint mints",
        change: "Compare --client-id and the secret with the OAuth client of the same organisation and region; its grant type is client credentials.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::ClientRefused),
    },
    Cause {
        id: "token-client-scope",
        title: "the client by which the token endpoint mints may not mint guests of this wire",
        change: "Give the OAuth client the role and the scopes for it, and start the endpoint again.",
        alike: &[],
        detail: nothing,
        holds: |seen| names(seen, TokenProblem::ScopeRefused),
    },
    Cause {
        id: "token-refused",
        title: "the token endpoint refuses this visitor",
        change: "Look into its log for the reason. If visitors need not sign in, exempt the path from the site's login.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.problem.is_none() && matches!(it.asked.status(), Some(401 | 403))),
    },
    Cause {
        id: "token-not-found",
        title: "there is no token endpoint at data-token-url",
        change: "Correct the path, or let the server forward it, POST included.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| matches!(it.asked.status(), Some(404 | 405 | 410 | 501))),
    },
    Cause {
        id: "token-rate-limited",
        title: "the token endpoint is asked too often",
        change: "Nothing if it passes: the widget comes again. Otherwise raise the limit of the server in front of it; behind a shared \
            address (an office) many visitors count as one.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.asked.status() == Some(429)),
    },
    Cause {
        id: "token-failing",
        title: "the token endpoint fails",
        change: "Look into its log, and into that of the server which forwards to it: 502 and 504 are that server's own words.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            token(seen, |it| match it.asked.status() {
                _ if it.problem.is_some() => false,
                Some(401 | 403 | 404 | 405 | 410 | 429 | 501) | None => false,
                Some(status) => status >= 400,
            })
        },
    },
];

/// What will cost a conversation sooner or later.
pub(super) static HARMS: [Cause; 3] = [
    Cause {
        id: "token-changes",
        title: "the token endpoint says another token each time it is asked",
        change: "Say the same token as long as the session lives: it is the conversation. Mostly the cookie does not come back: a Secure \
            cookie on a page by http, a Path that does not cover the endpoint, or a reverse proxy that drops it.",
        alike: &[],
        detail: nothing,
        holds: |seen| seen.wire.is_none() && token(seen, |it| it.again == Again::Another),
    },
    Cause {
        id: "token-cacheable",
        title: "the token endpoint's answer may be kept by caches",
        change: "Answer with Cache-Control: no-store, and let no CDN override it: one visitor's conversation would be handed to the next.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.grant == Grant::Good && (it.is_cacheable || it.is_aged)),
    },
    Cause {
        id: "token-shared",
        title: "the token endpoint lets other origins read its answer",
        change: "Send no CORS headers from it: the page is on its own origin and needs none.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.grant == Grant::Good && it.is_shared),
    },
];

fn token(seen: &Observations, is_so: fn(&TokenEndpoint) -> bool) -> bool {
    seen.token.as_ref().is_some_and(is_so)
}

fn failed(seen: &Observations, so: fn(Failure) -> bool) -> bool {
    seen.token.as_ref().and_then(|it| it.asked.failure()).is_some_and(so)
}

fn names(seen: &Observations, problem: TokenProblem) -> bool {
    seen.token.as_ref().is_some_and(|it| it.problem == Some(problem))
}
