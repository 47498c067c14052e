//! The rule book: every cause that has a name, and when it is the one. A cause is data and a question to the observations; the first that
//! holds, in the order of [`all`], is the most likely one. What comes first is what would hide the rest: settings, the page's own
//! policy, the deployment, the token endpoint, the socket, and last what harms a chat without stopping it.

mod deployment;
mod page;
mod socket;
mod token;
mod wires;

use crate::observe::{Asked, End, Failure, Form, Observations, Whose};

/// Something that can be wrong with a chat.
pub struct Cause {
    /// Stable: for machines, tests and the documentation.
    pub id: &'static str,
    /// What is wrong, in a line.
    pub title: &'static str,
    /// What to change, and where.
    pub change: &'static str,
    /// Other causes that can look the same, each with the experiment that tells it from this one.
    pub alike: &'static [Alike],
    /// The particulars, for behind the title; mostly nothing.
    pub(crate) detail: fn(&Observations) -> String,
    /// Whether this is so.
    pub(crate) holds: fn(&Observations) -> bool,
}

/// A cause that looks the same.
pub struct Alike {
    /// Its id.
    pub id: &'static str,
    /// What to do, and what the outcome says.
    pub experiment: &'static str,
    /// Whether what was seen tells it from this one already. What the deployment's files say does not: the socket hears of a change at
    /// another time.
    pub(crate) is_ruled_out: fn(&Observations) -> bool,
}

/// Every cause there is, the one that would hide the others first.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    let books: [&[Cause]; 9] = [
        &page::STOPS,
        &deployment::CAUSES,
        &token::STOPS,
        &wires::GRANTS,
        &wires::SOCKET,
        &socket::CAUSES,
        &token::HARMS,
        &wires::HARMS,
        &page::HARMS,
    ];
    books.into_iter().flatten()
}

/// The cause of this id.
pub fn named(id: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.id == id)
}

/// Every cause as a row of Markdown, for the documentation.
pub fn table() -> String {
    let mut table = String::from("| cause | what is wrong | what to change |\n|---|---|---|\n");
    for cause in all() {
        table.extend(["| `", cause.id, "` | ", cause.title, " | ", cause.change]);
        for alike in cause.alike {
            table.extend([" **Looks the same: `", alike.id, "`.** ", alike.experiment]);
        }
        table.push_str(" |\n");
    }
    table
}

/// Where there is nothing to add.
fn nothing(_: &Observations) -> String {
    String::new()
}

/// Where only the experiment can tell.
fn never(_: &Observations) -> bool {
    false
}

/// What became of the socket on which this token was said.
fn trial(seen: &Observations, whose: Whose) -> Option<End> {
    seen.trials.iter().find(|trial| trial.token == whose).map(|trial| trial.end)
}

/// Whether any socket ended so.
fn ended(seen: &Observations, so: fn(End) -> bool) -> bool {
    seen.trials.iter().any(|trial| so(trial.end))
}

/// Whether a socket was accepted.
fn is_accepted(seen: &Observations) -> bool {
    ended(seen, |end| end == End::Accepted)
}

/// Whether the files, or a socket, failed so; never for a page, to which a browser does not say why.
fn failed(seen: &Observations, with: &[Failure]) -> bool {
    let is_so = |asked: Asked| asked.failure().is_some_and(|failure| with.contains(&failure));
    is_so(seen.deployment.config)
        || seen.trials.iter().any(|trial| matches!(trial.end, End::Failed(failure) if with.contains(&failure)))
}

/// The page's policy forbade something by this directive.
fn forbids(seen: &Observations, directive: crate::observe::Directive) -> bool {
    seen.page.iter().flat_map(|page| &page.forbidden).any(|forbidden| forbidden.directive == directive)
}

/// A page where JSON was expected.
fn is_page(asked: Asked) -> bool {
    asked.is_success() && matches!(asked.form, Form::Html | Form::Other)
}
