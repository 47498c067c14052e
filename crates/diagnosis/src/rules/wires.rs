//! What is wrong on the five wires beside Genesys' own: with the grant, with the way into the conversation, and with the right to speak there.
//! What several of them say in the same way is judged in one place, [`verdict`], so that no two causes claim it.

use chat_proto::dialect::{Dialect, Habits};

use super::socket::{is_closed_past_hello, is_granted_old, is_kept_from_speaking, is_refusal, refused_past_hello};
use super::{Alike, Cause, ended, never, nothing, trial};
use crate::observe::{Again, End, Form, Grant, Observations, TokenEndpoint, Whose};
use crate::wire::Published;

/// A grant that this wire cannot use.
pub(super) static GRANTS: [Cause; 3] = [
    Cause {
        id: "token-service",
        title: "the token endpoint hands out a token that is not one guest's: the service token, or one for everybody",
        change: "Keep the service token at the endpoint, mint a guest's with it for each visitor, and hand out that alone, as \
            companions/token-proxy does. Whoever has the service token has the organisation's rights: have it revoked.",
        alike: &[Alike {
            id: "token-cacheable",
            experiment: "Ask the endpoint twice from the server itself, past every cache: if the tokens differ, a cache keeps its answer.",
            is_ruled_out: |seen| token(seen, |it| it.is_service_s),
        }],
        detail: nothing,
        holds: |seen| {
            let is_kept = |it: &TokenEndpoint| it.is_aged || it.is_cacheable;
            token(seen, |it| it.is_service_s || it.is_everybody_s && !is_kept(it))
                && verdict(seen) != Some(Verdict::Other)
        },
    },
    Cause {
        id: "token-other-dialect",
        title: "the token endpoint's grant is one of another wire",
        change: "Let the endpoint read the dialect that it is told (\"dialect\" in the body) and mint at that wire's own path.",
        alike: &[Alike {
            id: "token-service",
            experiment: "Hold the token that arrives in the page against the one with which the endpoint asks the API: they must differ.",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| verdict(seen) == Some(Verdict::Other),
    },
    Cause {
        id: "token-ids-missing",
        title: "the token endpoint's grant lacks the ids that the page says itself on this wire",
        change: "Answer them beside the token: they are in the API's answer to the mint.",
        alike: &[],
        detail: |seen| {
            let lacks = |has: fn(&TokenEndpoint) -> bool| !token(seen, has);
            let names = [("conversation_id", lacks(|it| it.has_conversation)), ("guest_id", lacks(|it| it.has_guest))];
            let wanted = names.into_iter().zip(<[bool; 2]>::from(wanted_ids(seen)));
            wanted
                .filter(|((_, lacks), wanted)| *lacks && *wanted)
                .map(|((name, _), _)| name)
                .collect::<Vec<_>>()
                .join(" ")
        },
        holds: |seen| {
            let (conversation, guest) = wanted_ids(seen);
            let is_granted = token(seen, |it| it.grant == Grant::Good);
            is_granted
                && (conversation && !token(seen, |it| it.has_conversation) || guest && !token(seen, |it| it.has_guest))
        },
    },
];

/// What keeps a good grant from being of use.
pub(super) static SOCKET: [Cause; 7] = [
    Cause {
        id: "socket-not-found",
        title: "there is no such socket at this address",
        change: "Correct data-socket-url (host and path), data-region or data-dialect; or let what forwards the address pass its path on.",
        alike: &[],
        detail: |seen| seen.socket.clone(),
        holds: |seen| {
            is_wire(seen) && ended(seen, |end| matches!(end, End::Status(404 | 410, form) if form != Form::Html))
        },
    },
    Cause {
        id: "origin-refused",
        title: "the socket is refused to pages of this origin, and to nobody else",
        change: "Let the backend, or what stands in front of it, admit the page's origin (scheme, host and port).",
        alike: &[],
        detail: |seen| seen.page_host.clone(),
        holds: |seen| verdict(seen) == Some(Verdict::Origin),
    },
    Cause {
        id: "contact-mismatch",
        title: "the contact that the socket greets with is not the one that the token may write to",
        change: "Let the endpoint mint the token for the contact in its cookie, and no cache or proxy hand one visitor's socket or answer to \
            another: greeting, token and POST must be of one contact.",
        alike: &[],
        detail: nothing,
        holds: |seen| is_wire(seen) && (ended(seen, |end| end == End::Mute(409)) || refused_past_hello(seen, 409)),
    },
    Cause {
        id: "token-spent",
        title: "the token has been used for a connection before: it is accepted again, nothing is replayed, and every message is refused with 403",
        change: "Mint another token each time the endpoint is asked, for the same conversation: the widget asks before every connection.",
        alike: &[Alike { id: "token-expired", experiment: AGAIN, is_ruled_out: is_repeated }],
        detail: nothing,
        holds: |seen| verdict(seen) == Some(Verdict::Spent),
    },
    Cause {
        id: "join-unheard",
        title: "the token is accepted, and the connection dropped half a second later, as if nothing had followed",
        change: "Look for a proxy or a relay in between that swallows or holds back frames: the join goes out with the answer to the auth. On a \
            network where a word and its answer take more than half a second, the chat gets in at its second attempt.",
        alike: &[Alike {
            id: "token-scope",
            experiment: "Give the client conversation:read and conversation:write and start the token endpoint again: if it works, it was the scope.",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| ended(seen, |end| matches!(end, End::Unentered { is_late: true, .. })),
    },
    Cause {
        id: "auth-unheard",
        title: "the socket opens, and is dropped after seconds, as if nothing had been said",
        change: "Look for a proxy or a relay in between that swallows or holds back frames: the auth is the first of them, and goes out as soon \
            as the socket is open.",
        alike: &[],
        detail: nothing,
        holds: |seen| ended(seen, |end| matches!(end, End::Unheard(_))),
    },
    Cause {
        id: "post-unreachable",
        title: "the socket works, and the API to which messages are posted cannot be reached",
        change: "Let this network reach the API (api. and the region, or data-endpoint, data-post-url), and let the API answer the \
            page's CORS preflight for Authorization and Content-Type.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            ended(seen, |end| end == End::Unposted) && !super::forbids(seen, crate::observe::Directive::Connect)
        },
    },
];

/// What will cost a conversation sooner or later.
pub(super) static HARMS: [Cause; 2] = [
    Cause {
        id: "conversation-changes",
        title: "the token endpoint begins another conversation each time it is asked",
        change: "Keep the ids of the conversation for the visitor, and mint for them. Mostly the cookie does not come back: a Secure cookie on \
            a page by http, a Path that does not cover the endpoint, or a reverse proxy that drops it.",
        alike: &[],
        detail: nothing,
        holds: |seen| token(seen, |it| it.again == Again::Elsewhere),
    },
    Cause {
        id: "token-repeats",
        title: "the token endpoint says the same token again: there is no renewal",
        change: "Mint another token each time the endpoint is asked, for the same conversation.",
        alike: &[],
        detail: nothing,
        holds: is_repeated,
    },
];

const AGAIN: &str =
    "Reload the page and write again: an expired token is another one then, and one that is said twice is not.";

/// What the socket, or the widget's last steps, say about the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is for another wire.
    Other,
    /// It is not the token, but where the page is from.
    Origin,
    /// It was used before.
    Spent,
    /// It has expired.
    Expired,
    /// It lacks a right.
    Scope,
    /// It is refused, and nobody says why.
    Refused,
}

/// On the wires beside Genesys' own. `None` where nothing speaks against the token.
pub(super) fn verdict(seen: &Observations) -> Option<Verdict> {
    let wire = seen.wire?;
    let (conversation, guest) = wanted_ids(seen);
    if token(seen, |it| it.grant == Grant::Good)
        && (!conversation && token(seen, |it| it.has_conversation) || !guest && token(seen, |it| it.has_guest))
    {
        return Some(Verdict::Other);
    }
    let is_fresh_good = trial(seen, Whose::Own) == Some(End::Accepted);
    let end = trial(seen, Whose::Endpoint);
    if seen.is_origin_refused {
        return Some(Verdict::Origin);
    }
    let is_about_token = |end| is_about_token(end, wire) || end == End::NeverOpened && is_fresh_good;
    let Some(end) = end.filter(|end| is_about_token(*end)) else { return by_its_steps(seen, wire) };
    Some(match end {
        End::Mute(403) if wire.spends_tokens => Verdict::Spent,
        // It says so itself.
        End::Mute(403) => Verdict::Scope,
        End::Expired => Verdict::Expired,
        End::Mute(401) if is_admitted(wire) => Verdict::Expired,
        // An expired token would not have come so far.
        End::Unentered { code, .. } | End::Mute(code) if is_admitted(wire) && is_silent(code, wire) => Verdict::Scope,
        _ if is_fresh_good || is_granted_old(seen) => Verdict::Expired,
        End::Status(..) => Verdict::Scope,
        end if is_closed_so(end, |code| is_silent(code, wire)) => Verdict::Scope,
        _ => Verdict::Refused,
    })
}

/// What the widget has noted of its own connections, where none that was opened to look says anything.
fn by_its_steps(seen: &Observations, wire: &Habits) -> Option<Verdict> {
    if wire.spends_tokens && (is_repeated(seen) || refused_past_hello(seen, 403)) {
        Some(Verdict::Spent)
    } else if !is_kept_from_speaking(seen) {
        None
    } else if is_granted_old(seen) && !is_admitted(wire) {
        Some(Verdict::Expired)
    } else {
        Some(Verdict::Scope)
    }
}

/// Whether an end says that it is the token.
fn is_about_token(end: End, wire: &Habits) -> bool {
    match end {
        // Everywhere else the upgrade is refused to nobody, and by something else if it is.
        End::Status(status, form) => wire.signs.refuses_upgrade && matches!(status, 401 | 403) && form != Form::Html,
        End::Expired | End::Mute(401 | 403) => true,
        // 1006 before anything was asked is a pulled cable.
        End::Unheard(_) | End::Unentered { is_late: true, .. } | End::Closed(1006) => false,
        end => is_refusal(end) || is_closed_so(end, |code| is_silent(code, wire) || is_refusal(End::Closed(code))),
    }
}

fn is_silent(code: u16, wire: &Habits) -> bool {
    matches!(code, 1000 | 1005) || code == wire.silent_close
}

fn is_closed_so(end: End, so: impl Fn(u16) -> bool) -> bool {
    matches!(end, End::Closed(code) | End::Unentered { code, .. } | End::Mute(code) if so(code))
}

/// Whether a token is answered before anything else is said: then one that has expired is met there, and in words.
fn is_admitted(wire: &Habits) -> bool {
    wire.silent_close == 1006
}

/// Which ids the page says itself: the conversation's, the guest's.
fn wanted_ids(seen: &Observations) -> (bool, bool) {
    seen.wire.map(|wire| (wire.signs.says_conversation, wire.signs.says_guest)).unwrap_or_default()
}

/// The rights that a wire asks for, and how it says that one is missing.
pub(super) fn rights(seen: &Observations) -> String {
    seen.wire.unwrap_or_else(|| Published.habits()).signs.missing_right.into()
}

/// This visitor is told the same token again, and nobody else is.
fn is_repeated(seen: &Observations) -> bool {
    is_wire(seen) && token(seen, |it| it.again == Again::Same && !it.is_everybody_s)
}

pub(super) fn is_wire(seen: &Observations) -> bool {
    seen.wire.is_some()
}

fn token(seen: &Observations, is_so: impl Fn(&TokenEndpoint) -> bool) -> bool {
    seen.token.as_ref().is_some_and(is_so)
}

/// For the cause of a missing right: whether the other cause that looks the same has been ruled out.
pub(super) fn is_no_age(seen: &Observations) -> bool {
    let said = trial(seen, Whose::Endpoint);
    match seen.wire {
        None => is_closed_past_hello(seen),
        // A token that was minted a moment ago is refused as well.
        Some(wire) => {
            let is_new_refused = trial(seen, Whose::Own).is_some_and(|end| is_about_token(end, wire));
            is_admitted(wire) || said == Some(End::Mute(403)) || wire.signs.refuses_upgrade && is_new_refused
        }
    }
}
