//! Why the API did not give what was asked of it, and when to ask again. Made of the status alone: whatever words the API answers with
//! may hold what nobody is to see, and are not repeated.

use std::time::Duration;

use axum::http::StatusCode;

use crate::api::CALL;

/// One failure, shared by everybody who waited for what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setback {
    pub(crate) trouble: Trouble,
    /// After which it makes sense to come again, if that is known.
    pub(crate) retry_after: Option<Duration>,
}

/// Where an operator has something to change, nothing is any better sooner than this; and then it recovers by itself.
const OPERATORS_RETRY: Duration = Duration::from_secs(30);

impl Setback {
    /// `retry_after` as the API said it, if it did.
    pub(crate) fn new(trouble: Trouble, retry_after: Option<Duration>) -> Setback {
        let least = trouble.is_the_operators().then_some(OPERATORS_RETRY);
        // None is less than any.
        Setback { trouble, retry_after: retry_after.max(least) }
    }
}

/// What went wrong with the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The token endpoint refused id and secret.
    ClientRefused,
    /// The client may not mint guests.
    ScopeRefused,
    /// A service token that was just given is good for nothing.
    ServiceTokenRefused,
    /// Another status that asking again does not change.
    Refused(Question, StatusCode),
    /// Too busy, or broken.
    Failing(Question, StatusCode),
    /// No connection, none that can be trusted, or one that broke.
    Unreachable(Question),
    /// No whole answer in time.
    Slow(Question),
    /// An answer that is too long or not in form, or that would show a page what it must not see.
    Unreadable(Question),
}

/// What was asked of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// A token for this process itself.
    ServiceToken,
    /// A guest's credential.
    Mint,
}

impl Question {
    fn words(self) -> &'static str {
        match self {
            Question::ServiceToken => "Asking for a service token",
            Question::Mint => "Minting a guest's credential",
        }
    }

    /// By which an operator says where it is asked.
    fn option(self) -> &'static str {
        match self {
            Question::ServiceToken => "--oauth-url",
            Question::Mint => "--mint-url",
        }
    }
}

impl Trouble {
    /// Of a status that says nothing in particular.
    pub(crate) fn of_status(question: Question, status: StatusCode) -> Trouble {
        if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
            Trouble::Failing(question, status)
        } else {
            Trouble::Refused(question, status)
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Trouble::ClientRefused => "client-refused",
            Trouble::ScopeRefused => "scope-refused",
            Trouble::ServiceTokenRefused => "service-token-refused",
            Trouble::Refused(..) => "api-refused",
            Trouble::Failing(..) => "api-failing",
            Trouble::Unreachable(_) => "api-unreachable",
            Trouble::Slow(_) => "api-slow",
            Trouble::Unreadable(_) => "api-unreadable",
        }
    }

    /// Never 401 or 403: it is not this visitor who is refused. 503 is what the page words as a wait.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Trouble::ClientRefused
            | Trouble::ScopeRefused
            | Trouble::ServiceTokenRefused
            | Trouble::Refused(..)
            | Trouble::Unreadable(_) => StatusCode::BAD_GATEWAY,
            Trouble::Failing(..) | Trouble::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Slow(_) => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Trouble::ClientRefused => "The API refused this proxy's client",
            Trouble::ScopeRefused => "The API does not let this proxy's client mint guests",
            Trouble::ServiceTokenRefused => "The API refused the token that it gave",
            Trouble::Refused(..) => "The API refused the request",
            Trouble::Failing(..) => "The API is failing",
            Trouble::Unreachable(_) => "The API cannot be reached",
            Trouble::Slow(_) => "The API is too slow",
            Trouble::Unreadable(_) => "The API's answer cannot be used",
        }
    }

    pub(crate) fn detail(self) -> String {
        match self {
            Trouble::ClientRefused => {
                "The request for a service token was refused. Correct --client-id and its secret, let the OAuth client \
                have the grant type client credentials, and let --api (or --oauth-url) be of its region."
                    .into()
            }
            Trouble::ScopeRefused => {
                "The API answered 403 to the request for a guest's credential. Give the OAuth client of --client-id \
                the scopes and roles for guests' messages (such as guest:read and guest:write)."
                    .into()
            }
            Trouble::ServiceTokenRefused => {
                "The API answered 401 to a service token that had just been given. Let --api (and --oauth-url and --mint-url, \
                if there are any) be of the organisation and region to which the OAuth client belongs."
                    .into()
            }
            Trouble::Refused(question, status) => format!(
                "{} was answered with {}. Check that --api is the API's origin, or {} the right address (it follows no \
                 redirects), and that the organisation has this kind of messaging.",
                question.words(),
                status.as_u16(),
                question.option()
            ),
            Trouble::Failing(question, status) => {
                format!("{} was answered with {}. Come again later.", question.words(), status.as_u16())
            }
            Trouble::Unreachable(question) => format!(
                "{} found no connection. Check --api (or {}), the name service, the firewall, and that its certificate is one that browsers \
                 trust.",
                question.words(),
                question.option()
            ),
            Trouble::Slow(question) => {
                format!("{} was not answered within {} s. Come again later.", question.words(), CALL.as_secs())
            }
            Trouble::Unreadable(question) => format!(
                "{} was answered with something else than this proxy understands. Check that --api is the API's origin, or {} the right address, \
                 and that the page's dialect is the organisation's.",
                question.words(),
                question.option()
            ),
        }
    }

    /// Once more at this moment would change nothing; somebody has to change a setting first.
    fn is_the_operators(self) -> bool {
        match self {
            Trouble::ClientRefused
            | Trouble::ScopeRefused
            | Trouble::ServiceTokenRefused
            | Trouble::Refused(..)
            | Trouble::Unreadable(_) => true,
            Trouble::Failing(..) | Trouble::Unreachable(_) | Trouble::Slow(_) => false,
        }
    }
}
