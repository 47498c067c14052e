//! Why a command ended without doing its work. The message is for the person at the terminal: it names what failed and, where
//! there is one, the way out.

use std::fmt;

/// The result of anything a command does.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command gave up; each has its own exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line made no sense; nothing was done.
    Usage(String),
    /// A step failed; what ran before it stands.
    Step(String),
    /// The person or the system asked us to stop; everything we started has been stopped.
    Interrupted,
}

impl Failure {
    /// A failed step, in words.
    pub(crate) fn step(words: impl Into<String>) -> Self {
        Self::Step(words.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(words) => write!(f, "{words}\n\nTry `cargo xtask help`."),
            Self::Step(words) => f.write_str(words),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Adds to an error of the system what we were trying to do.
pub(crate) trait While<T> {
    /// `doing` completes "failed to …".
    fn while_(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> While<T> for std::io::Result<T> {
    fn while_(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::Step(format!("failed to {}: {error}", doing())))
    }
}
