//! What is wrong with the tag or the page around it.

use super::{Alike, Cause, forbids, is_accepted, never, nothing};
use crate::observe::{Directive, Observations, Page};

/// The attribute that has a cause of its own.
const TOKEN_URL: &str = "data-token-url";

/// What keeps the widget from running or from asking.
pub(super) static STOPS: [Cause; 9] = [
    Cause {
        id: "token-cross-origin",
        title: "the token endpoint (data-token-url) is not on the page's own origin",
        change: "Write a path (/api/genesys/refresh) and let the server of the page forward it to the token endpoint: a token that \
            other origins can fetch is everybody's.",
        alike: &[],
        detail: nothing,
        holds: |seen| seen.bad_fields.iter().any(|field| field.attribute == TOKEN_URL),
    },
    Cause {
        id: "attributes",
        title: "the script tag's attributes cannot be used",
        change: "Correct the attributes that are named here.",
        alike: &[],
        detail: |seen| {
            let others = seen.bad_fields.iter().filter(|field| field.attribute != TOKEN_URL);
            others.map(|field| [field.attribute, " ", &field.problem].concat()).collect::<Vec<_>>().join("; ")
        },
        holds: |seen| seen.bad_fields.iter().any(|field| field.attribute != TOKEN_URL),
    },
    Cause {
        id: "offline",
        title: "this browser has no network",
        change: "Nothing in the set-up. What is written is kept, and sent when the network is back.",
        alike: &[],
        detail: nothing,
        holds: |seen| page(seen, |page| page.is_online == Some(false)),
    },
    Cause {
        id: "wasm-forbidden",
        title: "the page's Content-Security-Policy forbids WebAssembly",
        change: "Add 'wasm-unsafe-eval' to the policy's script-src. It allows WebAssembly and nothing else; 'unsafe-eval' is not needed.",
        alike: &[Alike {
            id: "browser-without-wasm",
            experiment: "Open the page without the policy, or any page with WebAssembly: if that fails as well, it is the browser \
                (a lockdown mode, or a very old one).",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| page(seen, |page| page.has_wasm == Some(false)) && forbids(seen, Directive::Script),
    },
    Cause {
        id: "browser-without-wasm",
        title: "this browser has no WebAssembly",
        change: "Nothing in the set-up. A lockdown mode switches it off; offer these visitors another way to reach you.",
        alike: &[Alike {
            id: "wasm-forbidden",
            experiment: "Look for a refusal by Content-Security-Policy in the console: if there is one, it is the page's policy.",
            is_ruled_out: never,
        }],
        detail: nothing,
        holds: |seen| page(seen, |page| page.has_wasm == Some(false)) && !forbids(seen, Directive::Script),
    },
    Cause {
        id: "policy-connect",
        title: "the page's Content-Security-Policy forbids a connection that the chat needs",
        change: "Add the origins that are named here to the policy's connect-src.",
        alike: &[],
        detail: |seen| origins(seen, Directive::Connect),
        holds: |seen| forbids(seen, Directive::Connect),
    },
    Cause {
        id: "bundle-missing",
        title: "a file of the widget's own does not arrive",
        change: "Serve all of the bundle's files from the folder of guest-chat.js, the .wasm as application/wasm, and with \
            Access-Control-Allow-Origin if that is not the page's own origin.",
        alike: &[],
        detail: |seen| seen.page.as_ref().and_then(|page| page.missing_file).unwrap_or_default().into(),
        holds: |seen| page(seen, |page| page.missing_file.is_some()),
    },
    Cause {
        id: "bundle-broken",
        title: "the widget's files arrive and cannot be started",
        change: "Serve all files of one build, whole, from one folder, and purge what caches keep of another.",
        alike: &[
            Alike {
                id: "bundle-missing",
                experiment: "Reload the page: if the chat starts then, a file had been cut off on its way.",
                is_ruled_out: never,
            },
            Alike {
                id: "broken",
                experiment: "Serve a fresh build from a folder that was not there before: if that does not start either, it is an \
                    internal error; please report it, with the error from the console.",
                is_ruled_out: never,
            },
        ],
        detail: nothing,
        holds: |seen| {
            let alone = |page: &Page| page.is_unfit && page.has_wasm != Some(false) && page.missing_file.is_none();
            page(seen, alone) && !forbids(seen, Directive::Script)
        },
    },
    Cause {
        id: "broken",
        title: "an internal error has stopped the widget",
        change: "Reload the page; what was sent is not lost. Please report it, with this text and the uncaught error from the console.",
        alike: &[],
        detail: nothing,
        holds: |seen| page(seen, |page| page.is_broken),
    },
];

/// What makes a chat worse than it has to be.
pub(super) static HARMS: [Cause; 4] = [
    Cause {
        id: "two-widgets",
        title: "the page embeds the widget more than once",
        change: "Keep one script tag. The second is ignored, so that its settings never count.",
        alike: &[],
        detail: nothing,
        holds: |seen| page(seen, |page| page.widgets.is_some_and(|count| count > 1)),
    },
    Cause {
        id: "storage-denied",
        title: "the browser keeps nothing for this page",
        change: "Allow the site's data in the browser's settings; a page in a sandboxed frame needs allow-same-origin. Without storage \
            a reload loses what was not sent yet, and without a token endpoint the whole conversation.",
        alike: &[],
        detail: nothing,
        holds: |seen| page(seen, |page| page.has_storage == Some(false)),
    },
    Cause {
        id: "locks-missing",
        title: "the page has no Web Locks, so that tabs cannot agree",
        change: "Serve the page by https: browsers give locks to secure pages only. Until then each tab connects by itself, and the \
            fourth pushes the first one out.",
        alike: &[],
        detail: nothing,
        holds: |seen| page(seen, |page| page.has_locks == Some(false)),
    },
    Cause {
        id: "clock-skew",
        title: "this machine's clock is wrong by more than five minutes",
        change: "Set the clock. The widget counts lifetimes from its own start and does not mind, but signed links and certificates do.",
        alike: &[],
        detail: |seen| {
            let ahead = seen.clock_ahead.unwrap_or_default();
            let side = if ahead > 0 { "s behind the server's" } else { "s ahead of the server's" };
            format!("{} {side}", ahead.unsigned_abs())
        },
        holds: |seen| seen.clock_ahead.is_some() && !is_on_time(seen),
    },
];

fn page(seen: &Observations, is_so: fn(&Page) -> bool) -> bool {
    seen.page.as_ref().is_some_and(is_so)
}

fn origins(seen: &Observations, directive: Directive) -> String {
    let mut text = String::new();
    for forbidden in seen.page.iter().flat_map(|page| &page.forbidden) {
        if forbidden.directive == directive {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(&forbidden.origin);
        }
    }
    text
}

/// For the other files: whether the page is one where nothing could be learnt from a socket that did not open.
pub(super) fn is_explained(seen: &Observations) -> bool {
    is_accepted(seen) || forbids(seen, Directive::Connect)
}

/// Another's clock was read, and this machine's agrees with it, to five minutes.
pub(super) fn is_on_time(seen: &Observations) -> bool {
    seen.clock_ahead.is_some_and(|ahead| ahead.unsigned_abs() <= 300)
}
