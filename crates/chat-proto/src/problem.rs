//! What goes wrong, and why, as far as the widget itself can tell: for the developer by words that stay the same, for the visitor as the
//! one thing to do. The words of [`Problem::cause`] are the rule book's (`crates/diagnosis`), which looks closer when it is asked.

/// What a developer is told when something goes wrong, as the page's `error` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The token endpoint gave no usable grant; will be tried again.
    TokenUnavailable(TokenTrouble),
    /// The token endpoint lets more visitors in later: this one waits for seconds.
    InLine,
    /// The token endpoint refuses this visitor; nothing more is tried by itself.
    NotSignedIn {
        /// The HTTP status of the last refusal.
        status: u16,
    },
    /// The backend refuses this visitor; nothing more is tried by itself.
    Refused {
        /// The protocol or close code of the last refusal.
        code: u16,
    },
    /// The deployment is unknown or inactive.
    Deployment {
        /// The HTTP status of the deployment's configuration, or 200 if it says that it is inactive.
        status: u16,
    },
    /// A connection ended, with this close code, and will be tried again.
    ConnectionLost {
        /// The close code; 1006 if there was none.
        code: u16,
    },
    /// The third connection in a row, or a later one, came to nothing in the same way: it did not open, or it was closed without a word
    /// (1000, 1005; on one wire 1006), at the hello or soon after it, and nothing of the visitor's was taken; though the token endpoint, if there is one, was
    /// asked anew meanwhile. Will be tried again.
    KeepsFailing {
        /// The close code; 1006 if there was none.
        code: u16,
        /// It was open before.
        has_opened: bool,
        /// The token may be to blame: it comes from the site's endpoint, and something was asked of it.
        is_granted: bool,
    },
    /// Two messages in a row or more were posted and not answered, while the socket lives: what they are posted to cannot be reached, or does
    /// not let this page.
    #[cfg(feature = "wires")]
    Unposted,
    /// Nothing came back in time and the connection was given up.
    Unresponsive,
    /// The backend answered with an error that concerns no message.
    Backend {
        /// The protocol's code.
        code: u16,
    },
    /// Frames arrive that cannot be read. Said once for each connection.
    UnreadableFrame,
    /// A page of history could not be fetched.
    History {
        /// The HTTP status, or 0 if there was no answer.
        status: u16,
    },
}

/// Why the token endpoint gave no usable grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTrouble {
    /// It cannot be reached. Browsers do not say why.
    Unreachable,
    /// No answer within ten seconds.
    Timeout,
    /// It answered with this status.
    Status(u16),
    /// It answered 2xx with something that is no JSON: a login page, for instance.
    NotJson,
    /// It answered 2xx with JSON that is no grant, or one that is over on arrival.
    NotAGrant,
}

/// What a visitor can do about a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing but wait: too many want to come in.
    Wait,
    /// Load the page anew, or sign in to the site again.
    SignIn,
    /// Look for another way to reach somebody, if it goes on.
    Elsewhere,
}

impl Advice {
    /// Every one, each in its place: tabs tell each other the number.
    pub(crate) const ALL: [Self; 3] = [Self::Wait, Self::SignIn, Self::Elsewhere];
}

impl Problem {
    /// A stable word for its kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::TokenUnavailable(_) => "token-unavailable",
            Self::InLine => "in-line",
            Self::NotSignedIn { .. } | Self::Refused { .. } => "refused",
            Self::Deployment { .. } => "deployment",
            Self::ConnectionLost { .. } | Self::KeepsFailing { .. } => "connection-lost",
            #[cfg(feature = "wires")]
            Self::Unposted => "unposted",
            Self::Unresponsive => "unresponsive",
            Self::Backend { .. } => "backend",
            Self::UnreadableFrame => "unreadable-frame",
            Self::History { .. } => "history",
        }
    }

    /// The number that goes with it (a close code, an HTTP status or a protocol code), if there is one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::NotSignedIn { status: code }
            | Self::Refused { code }
            | Self::ConnectionLost { code }
            | Self::KeepsFailing { code, .. }
            | Self::Backend { code }
            | Self::Deployment { status: code }
            | Self::History { status: code }
            | Self::TokenUnavailable(TokenTrouble::Status(code)) => Some(*code),
            #[cfg(feature = "wires")]
            Self::Unposted => None,
            Self::TokenUnavailable(_) | Self::InLine | Self::Unresponsive | Self::UnreadableFrame => None,
        }
    }

    /// The rule book's name for what a developer can act on, if it is that. A refusal has one name here: the book knows more of them.
    pub fn cause(&self) -> Option<&'static str> {
        Some(match self {
            Self::TokenUnavailable(trouble) => match trouble {
                TokenTrouble::Unreachable => "token-unreachable",
                TokenTrouble::Timeout => "token-timeout",
                TokenTrouble::Status(404 | 405 | 410 | 501) => "token-not-found",
                TokenTrouble::Status(429) => "token-rate-limited",
                TokenTrouble::Status(_) => "token-failing",
                TokenTrouble::NotJson => "token-html",
                TokenTrouble::NotAGrant => "token-no-grant",
            },
            Self::NotSignedIn { .. } => "token-refused",
            Self::Refused { code: 1002 | 1003 | 1007 | 1010 } => "connection-cut",
            Self::Refused { code: 4007 } => "session-unknown",
            Self::Refused { .. } => "session-refused",
            Self::Deployment { status: 200..=299 } => "deployment-inactive",
            Self::Deployment { .. } => "deployment-unknown",
            Self::KeepsFailing { has_opened: true, is_granted: true, .. } => "token-scope",
            Self::KeepsFailing { has_opened: true, .. } => "silent-close",
            Self::KeepsFailing { .. } => "socket-never-opens",
            Self::ConnectionLost { code: 1011..=1014 } => "backend-failing",
            #[cfg(feature = "wires")]
            Self::Unposted => "post-unreachable",
            Self::InLine
            | Self::ConnectionLost { .. }
            | Self::Unresponsive
            | Self::Backend { .. }
            | Self::UnreadableFrame
            | Self::History { .. } => return None,
        })
    }

    /// What the visitor can do; `None` where that is nothing in particular.
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::InLine
            | Self::TokenUnavailable(TokenTrouble::Status(429 | 503))
            | Self::ConnectionLost { code: 1012 | 1013 } => Some(Advice::Wait),
            // A login page where the endpoint should be, or its refusal.
            Self::TokenUnavailable(TokenTrouble::NotJson) | Self::NotSignedIn { .. } => Some(Advice::SignIn),
            Self::Refused { .. } | Self::Deployment { .. } | Self::KeepsFailing { has_opened: true, .. } => {
                Some(Advice::Elsewhere)
            }
            #[cfg(feature = "wires")]
            Self::Unposted => None,
            // What fails now may work in a moment, and the network is the likelier cause of what cannot be reached: it is tried again.
            Self::TokenUnavailable(_)
            | Self::KeepsFailing { .. }
            | Self::ConnectionLost { .. }
            | Self::Unresponsive
            | Self::Backend { .. }
            | Self::UnreadableFrame
            | Self::History { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::{Remedy, remedy};

    /// The codes stand in both places because a call from here to there costs the bundle 0.1 KB.
    #[test]
    fn the_codes_that_are_told_apart_are_those_with_the_remedy_for_it() {
        for code in 0..=u16::MAX {
            let is_cut = Problem::Refused { code }.cause() == Some("connection-cut");
            assert_eq!(is_cut, remedy(code) == Remedy::RetrySeldom, "{code}");
            let waits = Problem::ConnectionLost { code }.advice() == Some(Advice::Wait);
            assert_eq!(waits, remedy(code) == Remedy::RetryLater, "{code}");
        }
    }

    #[test]
    fn every_problem_has_its_word_and_the_number_that_goes_with_it() {
        let trouble = Problem::TokenUnavailable;
        let words = [
            (trouble(TokenTrouble::Status(503)), "token-unavailable", Some(503)),
            (trouble(TokenTrouble::Unreachable), "token-unavailable", None),
            (trouble(TokenTrouble::NotAGrant), "token-unavailable", None),
            (Problem::Refused { code: 403 }, "refused", Some(403)),
            (Problem::Deployment { status: 404 }, "deployment", Some(404)),
            (Problem::ConnectionLost { code: 1006 }, "connection-lost", Some(1006)),
            (Problem::KeepsFailing { code: 1000, has_opened: true, is_granted: true }, "connection-lost", Some(1000)),
            (Problem::NotSignedIn { status: 401 }, "refused", Some(401)),
            (Problem::InLine, "in-line", None),
            #[cfg(feature = "wires")]
            (Problem::Unposted, "unposted", None),
            (Problem::Unresponsive, "unresponsive", None),
            (Problem::Backend { code: 500 }, "backend", Some(500)),
            (Problem::UnreadableFrame, "unreadable-frame", None),
            (Problem::History { status: 0 }, "history", Some(0)),
        ];
        for (problem, word, code) in words {
            assert_eq!((problem.word(), problem.code()), (word, code));
        }
    }
}
