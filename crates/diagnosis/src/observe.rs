//! What can be seen, as plain data. Whoever looks fills it in and judges nothing; the default of everything is "was not looked at".

use chat_proto::dialect::Habits;

use crate::journal::Step;

/// Everything that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// Host of the page that embeds the widget.
    pub page_host: String,
    /// The wire that the page speaks, if it is another than Genesys' own: no deployment is asked for anything there.
    pub wire: Option<&'static Habits>,
    /// Where its socket is, without the query; empty on Genesys' own.
    pub socket: String,
    /// The tag's attributes that cannot be used. With any of these nothing else is looked at.
    pub bad_fields: Vec<BadField>,
    /// The page came by https, and the endpoint is to be asked by http.
    pub is_mixed: bool,
    /// The token endpoint; `None` where the tag names none.
    pub token: Option<TokenEndpoint>,
    /// The deployment's files.
    pub deployment: Deployment,
    /// Sockets that were opened to see what becomes of them: with the endpoint's token, with one of our own, or with both.
    pub trials: Vec<Trial>,
    /// The upgrade was refused, and is not where no `Origin` is named.
    pub is_origin_refused: bool,
    /// How far the other side's clock is ahead of ours, in seconds, read off the first `Date` that there was.
    pub clock_ahead: Option<i64>,
    /// What only a page can know; `None` outside of one.
    pub page: Option<Page>,
    /// The widget's last steps, oldest first.
    pub journal: Vec<Step>,
}

/// An attribute that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadField {
    /// As the page writes it, like `data-region`.
    pub attribute: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// How far a question by HTTP came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// It was not asked.
    #[default]
    Untried,
    /// It was answered, with this status.
    Answered(u16),
    /// The answer was elsewhere: 3xx, or a page that followed it and was led away.
    Redirected,
    /// There was no answer.
    Failed(Failure),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host's name has no address.
    Name,
    /// Nobody listens there.
    Refused,
    /// No encrypted connection came about.
    Tls,
    /// The certificate is not trusted: nobody known has signed it, its time is over, or it is another host's. Browsers do not say so.
    Certificate,
    /// Nothing came in time.
    Timeout,
    /// The connection ended in the middle, or what came was no HTTP.
    Cut,
    /// The page's own policy forbade it.
    Policy,
    /// A browser does not say why.
    Unsaid,
}

/// What the body of an answer was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Not looked at, or nothing there.
    #[default]
    Unknown,
    /// JSON.
    Json,
    /// A web page.
    Html,
    /// Something else.
    Other,
}

impl Form {
    /// As a page notes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Json => "json",
            Self::Html => "html",
            Self::Other => "other",
        }
    }
}

/// One question by HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How far it came.
    pub reach: Reach,
    /// What came.
    pub form: Form,
}

impl Asked {
    /// The status, if there was an answer.
    pub fn status(self) -> Option<u16> {
        match self.reach {
            Reach::Answered(status) => Some(status),
            Reach::Untried | Reach::Redirected | Reach::Failed(_) => None,
        }
    }

    /// Answered with success, whatever the answer is.
    pub fn is_success(self) -> bool {
        matches!(self.status(), Some(200..=299))
    }

    /// Answered with success, in JSON.
    pub fn is_good(self) -> bool {
        self.is_success() && self.form == Form::Json
    }

    /// Why there was no answer, if there was none.
    pub fn failure(self) -> Option<Failure> {
        match self.reach {
            Reach::Failed(failure) => Some(failure),
            Reach::Untried | Reach::Redirected | Reach::Answered(_) => None,
        }
    }
}

/// The site's token endpoint, asked as the widget asks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct TokenEndpoint {
    /// The question.
    pub asked: Asked,
    /// The problem that a refusal names (RFC 9457), if it is one of the endpoint's contract.
    pub problem: Option<TokenProblem>,
    /// The answer was a grant, or how it failed to be one.
    pub grant: Grant,
    /// Seconds that the grant is good for.
    pub expires_in: Option<u64>,
    /// `Cache-Control` does not say `no-store`.
    pub is_cacheable: bool,
    /// It came out of a cache: `Age` is more than zero.
    pub is_aged: bool,
    /// It carries `Access-Control-Allow-Origin`.
    pub is_shared: bool,
    /// Asked once more with the cookie that came, it said …
    pub again: Again,
    /// The same token is said to somebody who brings no cookie. Asked only where a wire's token is the same again.
    pub is_everybody_s: bool,
    /// The answer has members of an OAuth server's: `access_token` or `token_type`.
    pub is_service_s: bool,
    /// It names a conversation.
    pub has_conversation: bool,
    /// It names a guest.
    pub has_guest: bool,
}

/// What a successful answer of the token endpoint held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grant {
    /// Not looked at.
    #[default]
    Unknown,
    /// A token and a life.
    Good,
    /// No `token`, or one that is no text.
    NoToken,
    /// A token, but no `expires_in` of a whole number of seconds above zero.
    NoLife,
}

/// What the second question to the token endpoint brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Again {
    /// It was not asked.
    #[default]
    Untried,
    /// The same token.
    Same,
    /// Another token. On Genesys' own wire the session is not remembered; on the others each token is another one.
    Another,
    /// Another conversation's, by its id.
    Elsewhere,
    /// No token.
    Nothing,
}

/// The problems that the token endpoint's contract knows. What is none of them is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// `Sec-Fetch-Site` is not `same-origin`.
    CrossSite,
    /// Neither `Sec-Fetch-Site` nor `Origin` arrived.
    OriginMissing,
    /// The page's origin is not configured.
    OriginNotAllowed,
    /// No deployment was named.
    DeploymentMissing,
    /// Another deployment than the configured ones was named.
    DeploymentNotServed,
    /// It was not started for this wire.
    DialectNotServed,
    /// The API refused its client and secret.
    ClientRefused,
    /// The client may not mint guests.
    ScopeRefused,
}

impl TokenProblem {
    /// Reads the `type` of problem details; `None` if it is none that we know.
    pub fn read(kind: &str) -> Option<Self> {
        Some(match kind.strip_prefix("urn:guest-chat:problem:")? {
            "cross-site" => Self::CrossSite,
            "origin-missing" => Self::OriginMissing,
            "origin-not-allowed" => Self::OriginNotAllowed,
            "deployment-missing" => Self::DeploymentMissing,
            "deployment-not-served" => Self::DeploymentNotServed,
            "dialect-not-served" => Self::DialectNotServed,
            "client-refused" => Self::ClientRefused,
            "scope-refused" => Self::ScopeRefused,
            _ => return None,
        })
    }

    /// The same word.
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossSite => "cross-site",
            Self::OriginMissing => "origin-missing",
            Self::OriginNotAllowed => "origin-not-allowed",
            Self::DeploymentMissing => "deployment-missing",
            Self::DeploymentNotServed => "deployment-not-served",
            Self::DialectNotServed => "dialect-not-served",
            Self::ClientRefused => "client-refused",
            Self::ScopeRefused => "scope-refused",
        }
    }
}

/// The deployment's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// `config.json`.
    pub config: Asked,
    /// Whether its status is `Active`; `None` if it names none.
    pub is_active: Option<bool>,
    /// `domains.json`.
    pub domains: Asked,
    /// Whether they admit the page; `None` if they do not say.
    pub admits_page: Option<bool>,
}

/// One socket that was opened to see what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Whose token was said on it.
    pub token: Whose,
    /// What became of it.
    pub end: End,
}

/// Whose token it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The token endpoint's.
    Endpoint,
    /// A fresh one, made for the trial; where we cannot make one, the endpoint's for a new conversation.
    Own,
}

/// What became of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was reached that could have answered.
    Failed(Failure),
    /// The upgrade was answered with this status instead of 101.
    Status(u16, Form),
    /// It never opened, and a browser does not say why.
    NeverOpened,
    /// The hello was accepted.
    Accepted,
    /// The hello was answered with this error of the protocol's.
    Error(u16),
    /// The session was taken over by another connection.
    Evicted,
    /// It opened, and the hello was not answered in time.
    Silent,
    /// It opened and was closed before the hello was answered; 1006 without a close handshake.
    Closed(u16),
    /// The same, after as long as the backend waits for a hello: as if it had not been heard.
    Unheard(u16),
    /// The token was accepted, and the connection closed before the entry into the conversation was answered.
    Unentered {
        /// With this code.
        code: u16,
        /// After as long as the backend waits for it: as if it had not been heard.
        is_late: bool,
    },
    /// The token has expired, the backend says.
    Expired,
    /// The hello was accepted; what was said then was answered with this status, or closed upon with this code. 0: not answered.
    Mute(u16),
    /// The same, and nobody could be reached to say it to.
    Unposted,
}

/// What only a page can know. Everything is `None` if it was not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The browser holds the page for secure: https, or this machine.
    pub is_secure: Option<bool>,
    /// What is written to storage can be read again.
    pub has_storage: Option<bool>,
    /// There are Web Locks.
    pub has_locks: Option<bool>,
    /// WebAssembly may be compiled.
    pub has_wasm: Option<bool>,
    /// The browser says that there is a network.
    pub is_online: Option<bool>,
    /// Script tags and elements of the widget's, whichever are more.
    pub widgets: Option<u32>,
    /// The first file of the bundle that did not arrive as it should, by its name.
    pub missing_file: Option<&'static str>,
    /// What the page's policy forbade while we looked.
    pub forbidden: Vec<Forbidden>,
    /// An internal error has stopped the widget.
    pub is_broken: bool,
    /// The files of the bundle have arrived, and the widget could not be started.
    pub is_unfit: bool,
    /// The conversation is live, so that no socket was opened beside it.
    pub is_live: bool,
}

/// Something that the page's policy forbade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The directive that forbids it.
    pub directive: Directive,
    /// The origin that it would have to name; empty for what has none.
    pub origin: String,
}

/// The directives that can stop a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `connect-src`
    Connect,
    /// `script-src`
    Script,
}
