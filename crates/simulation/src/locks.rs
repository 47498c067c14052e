//! The browser's one lock: who holds it, who waits in line, and who was robbed of it and has not heard.

use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(crate) struct Lock {
    /// The first holds it.
    line: VecDeque<u32>,
    robbed: Vec<u32>,
    /// Whoever is robbed hears of it so late, in milliseconds.
    pub(crate) late_loss: u64,
}

impl Lock {
    pub(crate) fn holder(&self) -> Option<u32> {
        self.line.front().copied()
    }

    /// This page has lost the lock and does not know it.
    pub(crate) fn is_robbed(&self, page: u32) -> bool {
        self.robbed.contains(&page)
    }

    /// Gets in line. True if it is the first.
    pub(crate) fn queue(&mut self, page: u32) -> bool {
        self.line.retain(|other| *other != page);
        self.line.push_back(page);
        self.line.len() == 1
    }

    /// Takes the lock from its holder, who is told later.
    pub(crate) fn steal(&mut self, page: u32) -> Option<u32> {
        let robbed = self.line.pop_front().filter(|robbed| *robbed != page);
        self.robbed.extend(robbed);
        self.line.retain(|other| *other != page);
        self.line.push_front(page);
        robbed
    }

    /// Lets go of the lock or of the place in line. True if another page holds the lock now.
    pub(crate) fn release(&mut self, page: u32) -> bool {
        let held = self.holder() == Some(page);
        self.line.retain(|other| *other != page);
        self.robbed.retain(|other| *other != page);
        held && !self.line.is_empty()
    }

    /// The page has heard that it was robbed.
    pub(crate) fn told(&mut self, page: u32) {
        self.robbed.retain(|other| *other != page);
    }
}
