//! What runs in a page: the real thing, or the naive one that it is compared with. The world speaks to both in the same words.

use chat_proto::config::Config;
use chat_proto::io::{Input, Output};
use chat_proto::journal::Transition;
use chat_proto::tab::Tab;
use chat_proto::time::{Instant, Now};

use crate::disk::View;
use crate::naive::Naive;

/// Which client is put to the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The one that we ship.
    Real,
    /// One as they are usually written.
    Naive,
}

pub(crate) enum Client {
    Real(Box<Tab>),
    Naive(Box<Naive>),
}

impl Client {
    pub(crate) fn new(kind: Kind, config: Config, seed: u64) -> Self {
        match kind {
            Kind::Real => Self::Real(Box::new(Tab::new(config, seed))),
            Kind::Naive => Self::Naive(Box::new(Naive::new(config, seed))),
        }
    }

    pub(crate) fn start(&mut self, mut store: View) -> Vec<Output> {
        match self {
            Self::Real(tab) => tab.start(&mut store),
            Self::Naive(_) => Vec::new(),
        }
    }

    pub(crate) fn handle_input(&mut self, now: Now, input: Input, mut store: View) -> Vec<Output> {
        match self {
            Self::Real(tab) => tab.handle_input(now, input, &mut store),
            Self::Naive(naive) => naive.handle_input(now, input),
        }
    }

    /// Where its session was, if it has one.
    pub(crate) fn journal(&self) -> Box<dyn Iterator<Item = &Transition> + '_> {
        match self {
            Self::Real(tab) => Box::new(tab.journal()),
            Self::Naive(_) => Box::new(std::iter::empty()),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Real(tab) => tab.deadline(),
            Self::Naive(naive) => naive.deadline(),
        }
    }

    /// It holds the session.
    pub(crate) fn is_leader(&self) -> bool {
        match self {
            Self::Real(tab) => tab.is_leader(),
            Self::Naive(_) => true,
        }
    }
}
