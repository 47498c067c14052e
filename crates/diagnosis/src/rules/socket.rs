//! What is wrong with the socket, once the way to it is clear: refused, dead, or opened and closed again without a word.

use super::page::is_explained;
use super::wires::{self, Verdict, is_wire, verdict};
use super::{Alike, Cause, ended, never, nothing, trial};
use crate::journal::Step;
use crate::observe::{End, Failure, Form, Observations, Whose};

/// An end that is a close with such a code, whether or not the hello had been answered.
macro_rules! past_hello {
    ($codes:pat) => {
        End::Closed($codes) | End::Unentered { code: $codes, is_late: false } | End::Mute($codes)
    };
}

const ONE_AFTER_ANOTHER: &str = "Let the deployment allow all domains for five minutes and run this again: if the socket opens, it was \
    the list of domains (which takes minutes to spread), otherwise the deployment itself.";

pub(super) static CAUSES: [Cause; 18] = [
    Cause {
        id: "upgrade-refused",
        title: "Genesys Cloud refuses the socket, although nothing that was looked at speaks against this page",
        change: "Save the deployment again, wait for ten minutes, and compare its id and its domains with what is named here. On another wire: \
            look into what stands in front of the socket, for the upgrade looks at nothing there.",
        alike: &[
            Alike { id: "domain-not-allowed", experiment: ONE_AFTER_ANOTHER, is_ruled_out: is_wire },
            Alike { id: "deployment-inactive", experiment: ONE_AFTER_ANOTHER, is_ruled_out: is_wire },
        ],
        detail: nothing,
        holds: |seen| {
            let d = &seen.deployment;
            let known = matches!(d.config.status(), Some(403 | 404 | 410))
                || d.is_active == Some(false)
                || d.admits_page == Some(false);
            let refused = ended(seen, |end| matches!(end, End::Status(401 | 403 | 404, form) if form != Form::Html));
            let otherwise = ended(seen, |end| matches!(end, End::Status(404, _))) || verdict(seen).is_some();
            refused && !known && !(is_wire(seen) && otherwise)
        },
    },
    Cause {
        id: "upgrade-rate-limited",
        title: "the deployment has too many new connections",
        change: "Nothing if it passes within a minute. A deployment takes 1,000 a minute: if something else connects over and over, stop it.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| matches!(end, End::Status(429, _))),
    },
    Cause {
        id: "backend-failing",
        title: "Genesys Cloud answers with a failure of its own",
        change: "Nothing in the set-up. Look at status.mypurecloud.com; the widget goes on by itself when it is over.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            ended(seen, |end| {
                matches!(end, End::Status(500..=510 | 512..=599, form) if form != Form::Html)
                    || matches!(end, End::Error(500..=599 | 5000..=5999))
                    || matches!(end, past_hello!(500..=599 | 1011..=1014))
            })
        },
    },
    Cause {
        id: "socket-never-opens",
        title: "the socket does not open, and a browser does not say why",
        change: "Look at the console: some browsers (Chromium) print the status there. Or run `guest-chat doctor` with every attribute of the tag, \
            --dialect and --token-url among them: it sees the status too, and says what it means.",
        alike: &[
            Alike {
                id: "upgrade-refused",
                experiment: "The doctor reports a status of 403: it is the deployment or its domains, and not the network.",
                is_ruled_out: is_wire,
            },
            Alike {
                id: "token-scope",
                experiment: "The doctor reports a status of 403: the token in the address lacks a right, or was lost on the way there.",
                is_ruled_out: |seen| !is_wire(seen),
            },
            Alike {
                id: "socket-not-found",
                experiment: "The doctor reports a status of 404: there is no socket at data-socket-url, or where region and dialect have it.",
                is_ruled_out: |seen| !is_wire(seen),
            },
            Alike {
                id: "middlebox",
                experiment: "The doctor's socket opens from a server, but not from this network; or the chat works over a phone's \
                    network: something here stops WebSockets.",
                is_ruled_out: never,
            },
        ],
        detail: nothing,
        holds: |seen| {
            ended(seen, |end| matches!(end, End::NeverOpened))
                && (seen.deployment.config.is_good() || is_wire(seen) && verdict(seen).is_none())
                && !is_explained(seen)
                && seen.deployment.is_active != Some(false)
                && seen.deployment.admits_page != Some(false)
        },
    },
    Cause {
        id: "socket-unreachable",
        title: "the files of the deployment arrive, but its socket cannot be reached",
        change: "Let this network reach webmessaging. and the region's domain on port 443, WebSockets included.",
        alike: &[Alike {
            id: "middlebox",
            experiment: "Try another network (a phone's): if the socket opens there, something in this one stops WebSockets.",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| {
            let dead =
                |end| matches!(end, End::Failed(Failure::Refused | Failure::Timeout | Failure::Cut | Failure::Unsaid));
            seen.deployment.config.status().is_some() && ended(seen, dead)
        },
    },
    Cause {
        id: "session-taken-over",
        title: "the session was taken over by another connection",
        change: "Close the other tabs and devices, or continue there: a session has three connections at most.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| end == End::Evicted),
    },
    Cause {
        id: "session-expired",
        title: "the visitor's session has expired",
        change: "Start a new chat. If it comes too soon, raise the deployment's session duration, and --session-life of the token \
            endpoint with it.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| end == End::Error(4006)),
    },
    Cause {
        id: "session-unknown",
        title: "Genesys Cloud does not know the session of this token",
        change: "Let the token endpoint say a token that it made up itself (a fresh UUID v4) for this deployment and region.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| end == End::Error(4007)),
    },
    Cause {
        id: "session-signed-in",
        title: "the token belongs to a visitor who is signed in",
        change: "Give guests a token of their own: one session cannot be both.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| end == End::Error(4017)),
    },
    Cause {
        id: "session-refused",
        title: "Genesys Cloud refuses the token, and says so",
        change: "Let the token endpoint hand out a fresh token. If that is refused as well, the deployment may ask visitors to sign in.",
        alike: &[
            Alike {
                id: "token-scope",
                experiment: "Ask the endpoint for a new session ({\"session\":\"new\"}) and run this again: if it is accepted the token was old, \
                otherwise it lacks a right.",
                // Without an endpoint there is no right to lack, and one of our own that fares the same lacks none.
                is_ruled_out: |seen| {
                    !trial(seen, Whose::Endpoint).is_some_and(is_refusal)
                        || trial(seen, Whose::Own).is_some_and(is_refusal)
                },
            },
            OTHER_DIALECT,
        ],
        detail: nothing,
        holds: |seen| if is_wire(seen) { verdict(seen) == Some(Verdict::Refused) } else { ended(seen, is_refusal) },
    },
    Cause {
        id: "rate-limited",
        title: "the session says too much too quickly",
        change: "Nothing if it passes within a minute. Otherwise look for a page that reloads or reconnects over and over.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| matches!(end, End::Error(429 | 4029) | End::Mute(429))),
    },
    Cause {
        id: "token-expired",
        title: "the token has expired, or ended before its time",
        change: "Hand out tokens that last: let expires_in be what is really left, renew them at the endpoint before 300 s are left, and \
            let no cache keep an answer.",
        alike: &[Alike {
            id: "token-scope",
            experiment: NEW_SESSION,
            is_ruled_out: |seen| trial(seen, Whose::Endpoint) == Some(End::Accepted),
        }],
        detail: |seen| if is_wire(seen) { String::new() } else { wires::rights(seen) },
        holds: |seen| match verdict(seen) {
            _ if !is_wire(seen) => is_token_s_fault(seen) && looks_old(seen) && !is_closed_past_hello(seen),
            verdict => verdict == Some(Verdict::Expired),
        },
    },
    Cause {
        id: "token-scope",
        title: "the token is fresh, and lacks a right",
        change: "Give the credential behind the token endpoint the scope for guests' messages (guest:write or the dialect's own), and start \
            the endpoint again; or let it make up guest tokens as companions/token-proxy does. A token in the address has to arrive there: \
            let nothing in between drop the query.",
        alike: &[
            Alike { id: "token-expired", experiment: NEW_SESSION, is_ruled_out: wires::is_no_age },
            Alike {
                id: "join-unheard",
                experiment: "Let a page on another network try: if it is dropped just so, it is the scope, and otherwise something in between.",
                is_ruled_out: |seen| !ended(seen, |end| matches!(end, End::Unentered { .. })),
            },
            OTHER_DIALECT,
        ],
        detail: wires::rights,
        holds: |seen| match verdict(seen) {
            _ if !is_wire(seen) => is_token_s_fault(seen) && (!looks_old(seen) || is_closed_past_hello(seen)),
            verdict => verdict == Some(Verdict::Scope),
        },
    },
    Cause {
        id: "silent-close",
        title: "Genesys Cloud closes every socket with 1000, without a word",
        change: "It is not the token: a fresh one fares the same. Save the deployment again, and look at status.mypurecloud.com.",
        alike: &[
            Alike {
                id: "middlebox",
                experiment: "Try another network (a phone's): if the hello is answered there, something in this one ends WebSockets.",
                is_ruled_out: never,
            },
            Alike {
                id: "deployment-inactive",
                experiment: "Use the id of another deployment of the same organisation: if that one answers, this one is damaged.",
                is_ruled_out: never,
            },
        ],
        detail: nothing,
        holds: |seen| {
            !is_wire(seen) && (is_silent(trial(seen, Whose::Own)) || seen.token.is_none() && keeps_closing(seen))
        },
    },
    Cause {
        id: "connection-cut",
        title: "the connection is cut before the hello is answered",
        change: "Look for a proxy or a firewall that lets a WebSocket open and then lets no frame through.",
        alike: &[Alike {
            id: "backend-failing",
            experiment: "Try another network (a phone's): if it is cut there as well, it is Genesys Cloud.",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| {
            let is_cut = |end| matches!(end, past_hello!(1001..=1003 | 1006 | 1007 | 1009 | 1010 | 1015));
            ended(seen, is_cut) && verdict(seen) != Some(Verdict::Scope)
        },
    },
    Cause {
        id: "hello-unanswered",
        title: "the socket opens, but nothing that is said on it is answered within 10 s",
        change: "Look for a proxy that buffers: it has to pass WebSocket frames on as they come (with nginx: proxy_http_version 1.1, \
            Upgrade, Connection, proxy_buffering off).",
        alike: &[Alike {
            id: "backend-failing",
            experiment: "Try another network (a phone's): if it is silent there as well, it is Genesys Cloud.",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| ended(seen, |end| matches!(end, End::Silent | End::Mute(0))),
    },
    Cause {
        id: "hello-refused",
        title: "the hello is refused",
        change: "Look the code up in the protocol's documentation; please report it, with this text.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            let other = |end| match end {
                End::Error(code) => {
                    !matches!(code, 400 | 401 | 403 | 404 | 429 | 500..=599 | 4006 | 4007 | 4017 | 4029 | 5000..=5999)
                }
                End::Status(code, form) => {
                    form != Form::Html && matches!(code, 400 | 402 | 405..=406 | 408..=428 | 430..=499)
                }
                End::Closed(code) | End::Unentered { code, is_late: false } | End::Mute(code @ 1000..) => {
                    !is_refusal(End::Closed(code)) && !matches!(code, 1000..=1003 | 1005..=1015)
                }
                _ => false,
            };
            let unknown_there = |end| matches!(end, End::Error(400 | 404) | End::Mute(1..=400 | 402 | 404..=408 | 410..=428 | 430..=499));
            ended(seen, other) || is_wire(seen) && ended(seen, unknown_there)
        },
    },
    Cause {
        id: "settings-unavailable",
        title: "the deployment's files do not arrive, though its socket works",
        change: "Let this network reach api-cdn. and the region's domain. The chat works without them, with the defaults.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            let failed = matches!(
                seen.deployment.config.status(),
                Some(400..=402 | 405..=406 | 408..=409 | 411..=510 | 512..=599)
            );
            (failed || seen.deployment.config.failure().is_some()) && is_explained(seen)
        },
    },
];

const OTHER_DIALECT: Alike = Alike {
    id: "token-other-dialect",
    experiment: "Look at the path at which the endpoint mints: it must be the one of the wire that the page speaks.",
    is_ruled_out: |seen| !is_wire(seen),
};

const NEW_SESSION: &str = "Ask the endpoint for a new session ({\"session\":\"new\"}) and try again at once, with a message: if it arrives, \
    the old token had expired; if the socket closes as before, the credential behind the endpoint lacks the scope.";

/// A socket that lived less long than this, in milliseconds, came to nothing: as long as a session takes to begin its waits anew.
const YOUNG: u64 = 30_000;

/// A grant that is good for less than this looks as if it were the rest of an older one.
const SHORT: u64 = 30;

pub(super) fn is_refusal(end: End) -> bool {
    matches!(end, End::Error(401 | 403) | End::Closed(1008 | 3000..=3003 | 3500..=3999 | 4400..=4499))
}

fn is_silent(end: Option<End>) -> bool {
    matches!(end, Some(End::Closed(1000 | 1005)))
}

/// The endpoint's token is closed upon and one of our own is not; or, where no socket could be opened, the widget's own are.
fn is_token_s_fault(seen: &Observations) -> bool {
    let tried = is_silent(trial(seen, Whose::Endpoint)) && !is_silent(trial(seen, Whose::Own));
    tried || seen.token.is_some() && !is_silent(trial(seen, Whose::Own)) && keeps_closing(seen)
}

/// What the endpoint itself says about the token's age. A token that is accepted now while the widget's is not was fetched earlier.
fn looks_old(seen: &Observations) -> bool {
    !is_silent(trial(seen, Whose::Endpoint)) || is_granted_old(seen)
}

/// The grant was kept somewhere, or is the rest of one.
pub(super) fn is_granted_old(seen: &Observations) -> bool {
    seen.token.as_ref().is_some_and(|token| {
        token.is_aged || token.is_cacheable || token.expires_in.is_some_and(|seconds| seconds < SHORT)
    })
}

/// The widget's last three sockets or more were closed without a word, at the hello or soon after it, or whenever something was asked for that
/// a right is needed for.
fn keeps_closing(seen: &Observations) -> bool {
    let (mut count, mut online_at, mut past_hello) = (0, None, false);
    for step in &seen.journal {
        if step.is_online() {
            online_at = Some(step.at);
        } else if step.is_loss() {
            let is_young = online_at.take().is_none_or(|at| step.at.saturating_sub(at) < YOUNG) || step.is_upon_asking;
            count = match (is_young && step.is_silent(), step.is_past_hello() == past_hello) {
                (true, true) => count + 1,
                (true, false) => 1,
                (false, _) => 0,
            };
            past_hello = step.is_past_hello();
        }
    }
    // Whoever is online now is well; but not where that is so whenever nobody writes.
    count >= 3
        && (online_at.is_none()
            || seen.journal.iter().rev().find(|step| step.is_loss()).is_some_and(|it| it.is_upon_asking))
}

/// The same, each time when it had just said something that a right is needed for.
pub(super) fn is_kept_from_speaking(seen: &Observations) -> bool {
    let mut losses = seen.journal.iter().rev().filter(|step| step.is_loss());
    keeps_closing(seen) && losses.by_ref().take(3).all(|step| step.is_upon_asking)
}

/// What it said on its last connection was refused with this status, and not the hello; and not for the first time.
pub(super) fn refused_past_hello(seen: &Observations, with: u16) -> bool {
    let last = seen.journal.iter().rev().find(|step| step.is_loss());
    last.is_some_and(|step| step.is_past_hello() && step.is_given_up() && step.code == with)
}

/// The last of them had answered the hello before. A token that is too old is not good for that.
pub(super) fn is_closed_past_hello(seen: &Observations) -> bool {
    let last = seen.journal.iter().rev().find(|step| step.is_loss());
    keeps_closing(seen) && last.is_some_and(Step::is_past_hello)
}
