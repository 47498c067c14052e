//! How a page puts down what it saw: a key of [`KEYS`] and a text, one by one. Whatever the text is, only a word that is known here, a number,
//! or the host of an address is kept of it.

use crate::journal::Step;
use crate::observe::{
    Again, Asked, Directive, End, Failure, Forbidden, Form, Grant, Observations, Page, Reach, TokenEndpoint,
    TokenProblem, Trial, Whose,
};
use crate::plan::{admits, host_of};

/// Every key. `yes` and `no` where a key asks a question.
pub const KEYS: [&str; 35] = [
    "page.secure",
    "page.storage",
    "page.locks",
    "page.wasm",
    "page.online",
    "page.live",
    "page.broken",
    "page.unfit",
    "page.widgets",
    "page.missing",
    "page.forbids-connect",
    "page.forbids-script",
    "token.reach",
    "token.form",
    "token.problem",
    "token.grant",
    "token.life",
    "token.cache-control",
    "token.age",
    "token.shared",
    "token.again",
    "token.everybody-s",
    "token.service-s",
    "token.ids",
    "config.reach",
    "config.form",
    "config.status",
    "domains.reach",
    "domains.form",
    "domains.all",
    "domains.entry",
    "trial.endpoint",
    "trial.own",
    "clock.ahead",
    "journal",
];

/// The files of the bundle, which may be missing.
const FILES: [&str; 6] = [
    "guest-chat-app.js",
    "guest-chat-app.wasm",
    "guest-chat-app-wires.js",
    "guest-chat-app-wires.wasm",
    "guest-chat.css",
    "guest-chat-diagnose.js",
];

impl Observations {
    /// Puts down what was seen. `false` if the key is unknown or the text says nothing that it could mean.
    pub fn note(&mut self, key: &str, text: &str) -> bool {
        self.try_note(key, text).is_some()
    }

    fn try_note(&mut self, key: &str, text: &str) -> Option<()> {
        match key.split_once('.') {
            Some(("page", key)) => self.page.get_or_insert_default().note(key, text)?,
            Some(("token", key)) => self.token.get_or_insert_default().note(key, text)?,
            Some(("config", "status")) => self.deployment.is_active = Some(text == "Active"),
            Some(("config", key)) => self.deployment.config.note(key, text)?,
            Some(("domains", "all")) => self.deployment.admits_page = Some(is_yes(text)?),
            Some(("domains", "entry")) => {
                let admitted = self.deployment.admits_page.unwrap_or_default();
                self.deployment.admits_page = Some(admitted || admits(text, &self.page_host));
            }
            Some(("domains", key)) => self.deployment.domains.note(key, text)?,
            Some(("trial", "endpoint")) => self.trials.push(Trial { token: Whose::Endpoint, end: end(text)? }),
            Some(("trial", "own")) => self.trials.push(Trial { token: Whose::Own, end: end(text)? }),
            Some(("clock", "ahead")) => self.clock_ahead = Some(text.parse().ok()?),
            None if key == "journal" => self.journal.push(step(text)?),
            _ => return None,
        }
        Some(())
    }
}

impl Page {
    fn note(&mut self, key: &str, text: &str) -> Option<()> {
        match key {
            "secure" => self.is_secure = Some(is_yes(text)?),
            "storage" => self.has_storage = Some(is_yes(text)?),
            "locks" => self.has_locks = Some(is_yes(text)?),
            "wasm" => self.has_wasm = Some(is_yes(text)?),
            "online" => self.is_online = Some(is_yes(text)?),
            "live" => self.is_live = is_yes(text)?,
            "broken" => self.is_broken = is_yes(text)?,
            "unfit" => self.is_unfit = is_yes(text)?,
            "widgets" => self.widgets = Some(text.parse().ok()?),
            "missing" => self.missing_file = Some(FILES.into_iter().find(|file| *file == text)?),
            "forbids-connect" => self.forbid(Directive::Connect, text),
            "forbids-script" => self.forbid(Directive::Script, text),
            _ => return None,
        }
        Some(())
    }

    fn forbid(&mut self, directive: Directive, url: &str) {
        let origin = origin_of(url);
        let forbidden = Forbidden { directive, origin };
        if !self.forbidden.contains(&forbidden) {
            self.forbidden.push(forbidden);
        }
    }
}

impl TokenEndpoint {
    fn note(&mut self, key: &str, text: &str) -> Option<()> {
        match key {
            "problem" => self.problem = Some(TokenProblem::read(text)?),
            "life" => self.expires_in = Some(text.parse().ok()?),
            "cache-control" => self.is_cacheable = !says_no_store(text),
            "age" => self.is_aged = text.trim().parse::<u64>().ok()? > 0,
            "shared" => self.is_shared = is_yes(text)?,
            "everybody-s" => self.is_everybody_s = is_yes(text)?,
            "service-s" => self.is_service_s = is_yes(text)?,
            "ids" => {
                (self.has_conversation, self.has_guest) = match text {
                    "none" => (false, false),
                    "conversation" => (true, false),
                    "guest" => (false, true),
                    "both" => (true, true),
                    _ => return None,
                }
            }
            "grant" => {
                self.grant = match text {
                    "good" => Grant::Good,
                    "no-token" => Grant::NoToken,
                    "no-life" => Grant::NoLife,
                    _ => return None,
                }
            }
            "again" => {
                self.again = match text {
                    "same" => Again::Same,
                    "another" => Again::Another,
                    "elsewhere" => Again::Elsewhere,
                    "nothing" => Again::Nothing,
                    _ => return None,
                }
            }
            _ => self.asked.note(key, text)?,
        }
        Some(())
    }
}

impl Asked {
    fn note(&mut self, key: &str, text: &str) -> Option<()> {
        match key {
            "reach" => {
                self.reach = match text {
                    "redirected" => Reach::Redirected,
                    _ => match failure(text) {
                        Some(failure) => Reach::Failed(failure),
                        None => Reach::Answered(text.parse().ok()?),
                    },
                }
            }
            "form" => self.form = form(text)?,
            _ => return None,
        }
        Some(())
    }
}

/// Whether a `Cache-Control` keeps every cache away.
pub fn says_no_store(cache_control: &str) -> bool {
    cache_control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
}

/// What a `Content-Type` and the beginning of a body make of it. JSON has to be parsed to be called so: that is the caller's to say.
pub fn form_of(content_type: &str, body: &str, is_json: bool) -> Form {
    let is_page = |text: &str| text.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<!doc"));
    if is_json {
        Form::Json
    } else if content_type.contains("html") || is_page(body) || body.trim_start().starts_with("<html") {
        Form::Html
    } else if body.trim().is_empty() {
        Form::Unknown
    } else {
        Form::Other
    }
}

fn is_yes(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn form(text: &str) -> Option<Form> {
    Some(match text {
        "json" => Form::Json,
        "html" => Form::Html,
        "other" => Form::Other,
        "unknown" => Form::Unknown,
        _ => return None,
    })
}

fn failure(text: &str) -> Option<Failure> {
    Some(match text {
        "timeout" => Failure::Timeout,
        "policy" => Failure::Policy,
        "failed" => Failure::Unsaid,
        _ => return None,
    })
}

/// `accepted`, `silent`, `never-opened`, `evicted`, `closed 1000`, `error 4006`, `unentered 1006`, `mute 403`, `policy` …
fn end(text: &str) -> Option<End> {
    let (word, number) = text.split_once(' ').unwrap_or((text, "0"));
    let code = number.parse().ok()?;
    Some(match word {
        "accepted" => End::Accepted,
        "silent" => End::Silent,
        "never-opened" => End::NeverOpened,
        "evicted" => End::Evicted,
        "closed" => End::Closed(code),
        "error" => End::Error(code),
        "unheard" => End::Unheard(code),
        "unentered" => End::Unentered { code, is_late: false },
        "unentered-late" => End::Unentered { code, is_late: true },
        "expired" => End::Expired,
        "mute" => End::Mute(code),
        "unposted" => End::Unposted,
        _ => End::Failed(failure(word)?),
    })
}

/// The same word, for a socket that has opened.
pub fn word_of(end: End) -> String {
    let (word, code) = match end {
        End::Accepted => ("accepted", 0),
        End::Evicted => ("evicted", 0),
        End::Silent => ("silent", 0),
        End::Expired => ("expired", 0),
        End::Unposted => ("unposted", 0),
        End::Error(code) => ("error", code),
        End::Closed(code) => ("closed", code),
        End::Unheard(code) => ("unheard", code),
        End::Unentered { code, is_late: false } => ("unentered", code),
        End::Unentered { code, is_late: true } => ("unentered-late", code),
        End::Mute(code) => ("mute", code),
        End::NeverOpened | End::Status(..) | End::Failed(_) => ("never-opened", 0),
    };
    [word, " ", &code.to_string()].concat()
}

/// `at from to code`, numbers.
fn step(text: &str) -> Option<Step> {
    let mut numbers = text.split(' ').map(|number| number.parse::<u64>().ok());
    let mut next = || numbers.next().flatten();
    let at = next()?;
    let (from, to, code) = (next()?.try_into().ok()?, next()?.try_into().ok()?, next()?.try_into().ok()?);
    Some(Step::new(at, from, to, code))
}

/// Scheme and authority of an address, without the user; empty for what is none, so that nothing else can stand in its place.
fn origin_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+:[]_".contains(&b));
    if !is_plain(scheme) || !is_plain(host_of(url)) {
        return String::new();
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    let mut origin = scheme.to_string() + "://" + host_of(url);
    if let Some(port) = port {
        origin.push(':');
        origin.push_str(port);
    }
    origin
}
