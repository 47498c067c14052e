//! What is said in the end: to a person as text that can be pasted into a ticket, to a machine as JSON. Both hold the same.

use std::fmt::{self, Write};

use crate::journal::Step;
use crate::observe::{Again, Asked, End, Failure, Form, Grant, Observations, Page, Reach, TokenEndpoint, Whose};
use crate::rules::{self, Alike, Cause};

/// What the observations speak for.
pub struct Report<'a> {
    seen: &'a Observations,
    /// The most likely cause; `None` if nothing is wrong that could be seen.
    pub cause: Option<&'static Cause>,
    /// What looks the same, as far as nothing that was seen rules it out.
    pub alike: Vec<&'static Alike>,
    /// Whatever else is wrong.
    pub also: Vec<&'static Cause>,
}

/// The least that is worth saying about a clock, in seconds.
const CLOCKS_AGREE: u64 = 5;

impl<'a> Report<'a> {
    /// Judges.
    pub fn new(seen: &'a Observations) -> Self {
        let mut found = rules::all().filter(|cause| (cause.holds)(seen));
        let cause = found.next();
        let alike = cause.map_or(&[][..], |cause| cause.alike).iter().filter(|alike| !(alike.is_ruled_out)(seen));
        Self { seen, cause, alike: alike.collect(), also: found.collect() }
    }

    /// For a person. Lines are not wrapped.
    pub fn to_text(&self) -> String {
        let mut text = String::from("Guest Chat diagnosis: ");
        match self.cause {
            None => text.push_str("nothing wrong was found\n"),
            Some(cause) => {
                text.push_str(cause.id);
                let title = capital(&self.titled(cause));
                say(&mut text, format_args!("\n\n{title}.\nTo change: {}\n", cause.change));
                for alike in &self.alike {
                    say(
                        &mut text,
                        format_args!(
                            "Looks the same: {} ({}). To tell: {}\n",
                            alike.id,
                            title_of(alike.id),
                            alike.experiment
                        ),
                    );
                }
            }
        }
        for cause in &self.also {
            say(
                &mut text,
                format_args!("\nAlso: {}\n{}.\nTo change: {}\n", cause.id, capital(&self.titled(cause)), cause.change),
            );
        }
        text.push_str("\nSeen:\n");
        for (what, outcome) in self.tried() {
            say(&mut text, format_args!("  {what:<15} {outcome}\n"));
        }
        if let Some(last) = self.seen.journal.last() {
            text.push_str("Steps of the widget, in ms before the last:\n");
            for step in &self.seen.journal {
                let before = last.at.saturating_sub(step.at);
                let (from, to) = (Step::state(step.from), Step::state(step.to));
                say(&mut text, format_args!("  {before:>9} {from} > {to}"));
                if step.code > 0 {
                    say(&mut text, format_args!(" ({})", step.code));
                }
                text.push('\n');
            }
        }
        text
    }

    /// For a machine: `{cause, title, change, alike: [{cause, experiment}], also: [{cause, title, change}], seen: [{what, outcome}], journal:
    /// [{at, from, to, code}], text}`. `cause` is null where nothing wrong was found.
    pub fn to_json(&self) -> String {
        let word = |text: Option<&str>| text.map_or("null".to_string(), quoted);
        let list = |items: Vec<String>| format!("[{}]", items.join(","));
        let alike =
            self.alike.iter().map(|it| object(&[("cause", quoted(it.id)), ("experiment", quoted(it.experiment))]));
        let also = self.also.iter().map(|cause| {
            object(&[
                ("cause", quoted(cause.id)),
                ("title", quoted(&self.titled(cause))),
                ("change", quoted(cause.change)),
            ])
        });
        let seen = self.tried().into_iter();
        let seen = seen.map(|(what, outcome)| object(&[("what", quoted(what)), ("outcome", quoted(&outcome))]));
        let journal = self.seen.journal.iter().map(|step| {
            object(&[
                ("at", step.at.to_string()),
                ("from", quoted(Step::state(step.from))),
                ("to", quoted(Step::state(step.to))),
                ("code", step.code.to_string()),
            ])
        });
        object(&[
            ("cause", word(self.cause.map(|cause| cause.id))),
            ("title", word(self.cause.map(|cause| self.titled(cause)).as_deref())),
            ("change", word(self.cause.map(|cause| cause.change))),
            ("alike", list(alike.collect())),
            ("also", list(also.collect())),
            ("seen", list(seen.collect())),
            ("journal", list(journal.collect())),
            ("text", quoted(&self.to_text())),
        ])
    }

    /// The title with its particulars.
    fn titled(&self, cause: &Cause) -> String {
        let detail = (cause.detail)(self.seen);
        if detail.is_empty() { cause.title.to_string() } else { format!("{}: {detail}", cause.title) }
    }

    /// What was tried, and what came of it.
    fn tried(&self) -> Vec<(&'static str, String)> {
        let seen = self.seen;
        let mut lines = Vec::new();
        if !seen.page_host.is_empty() {
            lines.push(("page", seen.page_host.clone()));
        }
        if let Some(page) = &seen.page {
            lines.push(("browser", browser(page)));
        }
        if let Some(token) = &seen.token {
            lines.push(("token endpoint", endpoint(token)));
        }
        if let Some(wire) = seen.wire {
            lines.push(("wire", [wire.name, ", ", &seen.socket].concat()));
        }
        let deployment = &seen.deployment;
        let status = deployment.is_active.map_or("", |is_active| if is_active { ", active" } else { ", not active" });
        if seen.wire.is_none() {
            lines.push(("deployment", asked(deployment.config) + status));
            let admits = deployment
                .admits_page
                .map_or("", |it| if it { ", the page is admitted" } else { ", the page is not admitted" });
            lines.push(("domains", asked(deployment.domains) + admits));
        }
        for trial in &seen.trials {
            let whose = match trial.token {
                Whose::Endpoint => "with the endpoint's token: ",
                Whose::Own if seen.wire.is_some() => "with a token of a new conversation: ",
                Whose::Own => "with a token of our own: ",
            };
            lines.push(("socket", whose.to_string() + &end(trial.end)));
        }
        if seen.trials.is_empty() {
            let live = seen.page.as_ref().is_some_and(|page| page.is_live);
            lines.push(("socket", if live { "the conversation is live" } else { "not tried" }.to_string()));
        }
        if let Some(ahead) = seen.clock_ahead {
            let apart = ahead.unsigned_abs();
            let side = if ahead > 0 { "behind" } else { "ahead of" };
            let outcome =
                if apart < CLOCKS_AGREE { "right".to_string() } else { format!("{apart} s {side} the server's") };
            lines.push(("clock", outcome));
        }
        lines
    }
}

fn browser(page: &Page) -> String {
    let facts = [
        ("secure page", page.is_secure),
        ("storage", page.has_storage),
        ("locks", page.has_locks),
        ("WebAssembly", page.has_wasm),
        ("network", page.is_online),
    ];
    let mut text = String::new();
    for (name, is_so) in facts {
        if let Some(is_so) = is_so {
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(if is_so { "" } else { "NO " });
            text.push_str(name);
        }
    }
    text
}

fn endpoint(token: &TokenEndpoint) -> String {
    let mut text = asked(token.asked);
    let mut add = |words: &str| {
        text.push_str(", ");
        text.push_str(words);
    };
    match (token.grant, token.expires_in) {
        (Grant::Good, Some(seconds)) => add(&format!("a grant for {seconds} s")),
        (Grant::Good, None) => add("a grant"),
        (Grant::NoToken, _) => add("without a token"),
        (Grant::NoLife, _) => add("without expires_in"),
        (Grant::Unknown, _) => {}
    }
    if let Some(problem) = token.problem {
        add(problem.word());
    }
    if token.grant == Grant::Good {
        add(if token.is_cacheable { "cacheable" } else { "no-store" });
    }
    if token.is_aged {
        add("from a cache");
    }
    if token.is_shared {
        add("readable by other origins");
    }
    if token.is_service_s {
        add("of an OAuth server's form");
    }
    if token.is_everybody_s {
        add("the same for everybody");
    }
    match token.again {
        Again::Untried => {}
        Again::Same => add("the same again"),
        Again::Another => add("another one the second time"),
        Again::Elsewhere => add("of another conversation the second time"),
        Again::Nothing => add("nothing the second time"),
    }
    text
}

fn asked(asked: Asked) -> String {
    let reach = match asked.reach {
        Reach::Untried => return "not tried".to_string(),
        Reach::Redirected => return "led elsewhere".to_string(),
        Reach::Failed(why) => return failure(why).to_string(),
        Reach::Answered(status) => status.to_string(),
    };
    match asked.form {
        Form::Html => reach + ", a web page",
        Form::Other => reach + ", not JSON",
        Form::Json | Form::Unknown => reach,
    }
}

fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::Name => "the host has no address",
        Failure::Refused => "nobody listens there",
        Failure::Tls => "no encrypted connection",
        Failure::Certificate => "a certificate that is not trusted",
        Failure::Timeout => "no answer in time",
        Failure::Cut => "cut off, or no HTTP",
        Failure::Policy => "forbidden by the page's policy",
        Failure::Unsaid => "failed; the browser does not say why",
    }
}

fn end(end: End) -> String {
    match end {
        End::Failed(why) => failure(why).to_string(),
        End::Status(status, form) => {
            let page = if form == Form::Html { " and a web page" } else { "" };
            format!("answered {status}{page} instead of opening")
        }
        End::NeverOpened => "never opened".to_string(),
        End::Accepted => "hello accepted".to_string(),
        End::Error(code) => format!("hello answered with {code}"),
        End::Evicted => "taken over by another connection".to_string(),
        End::Silent => "opened, hello not answered".to_string(),
        End::Closed(code) => format!("opened, closed with {code} before the hello was answered"),
        End::Unheard(code) => format!("opened, closed with {code} after seconds, hello not answered"),
        End::Unentered { code, is_late } => {
            let when = if is_late { "half a second later" } else { "at once" };
            format!("token accepted, closed with {code} {when}, join not answered")
        }
        End::Expired => "token expired in place".to_string(),
        End::Mute(0) => "hello accepted, what was said then not answered".to_string(),
        End::Mute(code @ 1000..) => format!("hello accepted, closed with {code} upon what was said then"),
        End::Mute(status) => format!("hello accepted, what was said then answered with {status}"),
        End::Unposted => "hello accepted, the API not reached".to_string(),
    }
}

/// Writing to a `String` cannot fail.
fn say(text: &mut String, words: fmt::Arguments) {
    let _ = text.write_fmt(words);
}

fn title_of(id: &str) -> &'static str {
    rules::named(id).map_or("", |cause| cause.title)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            letter if letter < ' ' => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
