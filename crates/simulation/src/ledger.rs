//! What became of each line of the agent's where no history tells: who heard it and when, and when the browser came back from an absence.
//! By it the watch judges whether a screen may lack a line. Knows nothing of screens.

use std::collections::BTreeMap;

/// Tabs that share a session share what was heard; without locks each has its own.
pub(crate) type Share = usize;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// When a line was first handed to a page that leads, by true time.
    heard: BTreeMap<(Share, u64), u64>,
    /// When whoever leads came online after it was not, by true time.
    returns: BTreeMap<Share, Vec<u64>>,
    /// When the first page of this share was online in which conversation.
    joined: BTreeMap<(Share, String), u64>,
    /// When the backend put which line on its way to a page.
    sent: BTreeMap<(Share, u64), u64>,
    /// Lines that were on their way, on a connection that lived, when the page that waited for them closed it; and when that was.
    cut_off: BTreeMap<(Share, u64), u64>,
    /// When whoever took over found nothing in storage, which had failed.
    blind: BTreeMap<Share, u64>,
}

impl Ledger {
    pub(crate) fn send(&mut self, share: Share, line: u64, now: u64) {
        self.sent.entry((share, line)).or_insert(now);
    }

    pub(crate) fn hear(&mut self, share: Share, line: u64, now: u64) {
        self.heard.entry((share, line)).or_insert(now);
    }

    pub(crate) fn come_back(&mut self, share: Share, conversation: &str, now: u64) {
        self.returns.entry(share).or_default().push(now);
        self.joined.entry((share, conversation.to_owned())).or_insert(now);
    }

    /// The page closed a connection that lived with this line on its way. What has taken longer than anybody hears a connection out is
    /// the network's doing.
    pub(crate) fn cut_off(&mut self, share: Share, line: u64, now: u64, patience: u64) {
        if self.sent.get(&(share, line)).is_some_and(|sent| now < sent + patience) {
            self.cut_off.insert((share, line), now);
        }
    }

    pub(crate) fn joined(&self, share: Share, conversation: &str) -> Option<u64> {
        self.joined.get(&(share, conversation.to_owned())).copied()
    }

    pub(crate) fn heard(&self, share: Share, line: u64) -> Option<u64> {
        self.heard.get(&(share, line)).copied()
    }

    pub(crate) fn cut_off_at(&self, share: Share, line: u64) -> Option<u64> {
        self.cut_off.get(&(share, line)).copied()
    }

    pub(crate) fn go_blind(&mut self, share: Share, now: u64) {
        self.blind.insert(share, now);
    }

    /// Whoever took over and found nothing was online from then on.
    pub(crate) fn blind_until(&self, share: Share) -> Option<u64> {
        let from = *self.blind.get(&share)?;
        Some(self.returns.get(&share).into_iter().flatten().copied().find(|at| *at > from).unwrap_or(u64::MAX))
    }

    /// The browser came back between these times.
    pub(crate) fn has_returned(&self, share: Share, after: u64, before: u64) -> bool {
        self.returns.get(&share).into_iter().flatten().any(|at| after < *at && *at < before)
    }
}

/// The number in `agent 17`.
pub(crate) fn line_of(text: &str) -> Option<u64> {
    text.strip_prefix("agent ")?.parse().ok()
}

/// The number of the agent's line that a frame carries.
pub(crate) fn line_in(frame: &str) -> Option<u64> {
    let (_, rest) = frame.split_once("\"agent ")?;
    rest.split_once('"')?.0.parse().ok()
}
