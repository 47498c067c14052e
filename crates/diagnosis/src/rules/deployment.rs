//! What is wrong with the way to Genesys Cloud, or with the Messenger deployment there.

use super::page::{is_explained, is_on_time};
use super::wires::is_wire;
use super::{Alike, Cause, ended, failed, is_page, nothing};
use crate::observe::{End, Failure, Form, Observations};

pub(super) static CAUSES: [Cause; 9] = [
    Cause {
        id: "mixed-content",
        title: "a page served by https may not talk to an endpoint by http",
        change: "Give the endpoint a certificate and write https:// in data-endpoint.",
        alike: &[],
        detail: nothing,
        holds: |seen| seen.is_mixed,
    },
    Cause {
        id: "host-unknown",
        title: "the region's host has no address",
        change: "Check data-region (or data-endpoint, data-socket-url) for a typing error; from inside a company's network, ask for these names to be resolved.",
        alike: &[],
        detail: nothing,
        holds: |seen| failed(seen, &[Failure::Name]),
    },
    Cause {
        id: "tls-failed",
        title: "no encrypted connection to Genesys Cloud comes about",
        change: "Look at what answers there (openssl s_client -connect HOST:443): something that speaks no TLS, or none of version 1.2 or \
            1.3; and at data-endpoint, for the port.",
        alike: &[],
        detail: nothing,
        holds: |seen| failed(seen, &[Failure::Tls]),
    },
    Cause {
        id: "certificate",
        title: "the certificate of what answers for Genesys Cloud is not trusted",
        change: "Look at the certificate that arrives (openssl s_client -connect HOST:443): a company's own means that a middlebox opens \
            the traffic, and has to let these hosts through. One of a data-endpoint of your own has to be of a public authority.",
        alike: &[Alike {
            id: "clock-skew",
            experiment: "Compare this machine's clock with another's: a clock that is off by days makes every certificate invalid.",
            is_ruled_out: is_on_time,
        }],
        detail: nothing,
        holds: |seen| failed(seen, &[Failure::Certificate]),
    },
    Cause {
        id: "host-unreachable",
        title: "Genesys Cloud cannot be reached from here",
        change: "Let this network reach the hosts of Genesys Cloud on port 443; check data-region (or data-endpoint, data-socket-url).",
        alike: &[
            Alike {
                id: "host-unknown",
                experiment: "A browser does not say why it failed: run `guest-chat doctor` on the same machine, which does.",
                is_ruled_out: knows_why,
            },
            Alike {
                id: "certificate",
                experiment: "A browser does not say so to a page: open the host's address in a tab of the same browser, and it warns of the \
                    certificate if that is the cause.",
                is_ruled_out: knows_why,
            },
        ],
        detail: nothing,
        holds: |seen| {
            let unheard = &[Failure::Refused, Failure::Timeout, Failure::Cut, Failure::Unsaid];
            let is_dead = is_wire(seen) && failed(seen, unheard);
            let failure = seen.deployment.config.failure();
            (is_dead || failure.is_some_and(|failure| unheard.contains(&failure))) && !is_explained(seen)
        },
    },
    Cause {
        id: "middlebox",
        title: "something between here and Genesys Cloud answers in its place",
        change: "Let the network's proxy, firewall or login page pass these hosts, WebSockets included; or correct data-endpoint, if it \
            names a web site.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            let in_between = |end| matches!(end, End::Status(200..=399 | 407 | 511, _) | End::Status(_, Form::Html));
            is_page(seen.deployment.config)
                || matches!(seen.deployment.config.status(), Some(407 | 511))
                || seen.deployment.config.reach == crate::observe::Reach::Redirected
                || ended(seen, in_between)
        },
    },
    Cause {
        id: "deployment-unknown",
        title: "there is no such Messenger deployment in this region",
        change: "Copy data-deployment-id from Admin > Message > Messenger Deployments, and the region of the same organisation.",
        alike: &[],
        detail: nothing,
        holds: |seen| {
            matches!(seen.deployment.config.status(), Some(403 | 404 | 410))
                || seen.deployment.config.is_good() && ended(seen, |end| matches!(end, End::Error(400 | 404)))
        },
    },
    Cause {
        id: "deployment-inactive",
        title: "the Messenger deployment is not active",
        change: "Set the deployment's status to Active in Admin > Message > Messenger Deployments, and save it.",
        alike: &[],
        detail: nothing,
        holds: |seen| seen.deployment.is_active == Some(false),
    },
    Cause {
        id: "domain-not-allowed",
        title: "the deployment does not admit pages of this domain",
        change: "Add the page's host to the deployment's allowed domains. localhost and 127.0.0.1 are two hosts; a subdomain is admitted \
            with its parent; ports do not count.",
        alike: &[],
        detail: |seen: &Observations| seen.page_host.clone(),
        holds: |seen| seen.deployment.admits_page == Some(false),
    },
];

/// It was not a browser that looked: why the files did not arrive is known.
fn knows_why(seen: &Observations) -> bool {
    seen.deployment.config.failure() != Some(Failure::Unsaid) && !failed(seen, &[Failure::Unsaid])
}
