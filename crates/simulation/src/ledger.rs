//! What became of each line of the agent's where no history tells: who heard it and when, and when the browser came back from an absence.
//! By it the watch judges whether a screen may lack a line. Knows nothing of screens.

use std::collections::{BTreeMap, BTreeSet};

/// How long a connection is heard out that was replaced, in milliseconds.
pub(crate) const HEARD_OUT: u64 = 3_000;

/// Tabs that share a session share what was heard; without locks each has its own.
pub(crate) type Share = usize;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// When a line was first handed to a page that leads, by true time.
    heard: BTreeMap<(Share, u64), u64>,
    /// When whoever leads came online after it was not, or heard a line on the connection by which it came, by true time.
    returns: BTreeMap<Share, Vec<u64>>,
    /// When whoever leads came online.
    online: BTreeMap<Share, Vec<u64>>,
    /// Whoever leads has heard a line on a connection that is not open yet.
    early: BTreeSet<Share>,
    /// When the first page of this share was online in which conversation.
    joined: BTreeMap<(Share, String), u64>,
    /// When each line was said.
    said: Vec<u64>,
    /// Lines that were on their way, on a connection that lived, when the page that waited for them closed it; and when that was.
    cut_off: BTreeMap<(Share, u64), u64>,
    /// When whoever took over found nothing in storage, which had failed.
    blind: BTreeMap<Share, u64>,
}

impl Ledger {
    /// The next line.
    pub(crate) fn say(&mut self, now: u64) {
        self.said.push(now);
    }

    pub(crate) fn hear(&mut self, share: Share, line: u64, now: u64, is_online: bool) {
        self.heard.entry((share, line)).or_insert(now);
        if !is_online && self.early.insert(share) {
            self.returns.entry(share).or_default().push(now);
        }
    }

    /// Another connection is opened.
    pub(crate) fn begin(&mut self, share: Share) {
        self.early.remove(&share);
    }

    pub(crate) fn come_back(&mut self, share: Share, conversation: &str, now: u64) {
        self.online.entry(share).or_default().push(now);
        if !self.early.remove(&share) {
            self.returns.entry(share).or_default().push(now);
        }
        self.join(share, conversation, now);
    }

    pub(crate) fn join(&mut self, share: Share, conversation: &str, now: u64) {
        self.joined.entry((share, conversation.to_owned())).or_insert(now);
    }

    /// The page closed a connection that lived with this line on its way, to arrive `at` this time. What takes longer than anybody hears a
    /// connection out is the network's doing; and what was said after another had taken its place (`until`) is to be heard there.
    pub(crate) fn cut_off(&mut self, (share, line): (Share, u64), now: u64, at: u64, until: u64) {
        let said = usize::try_from(line).ok().and_then(|line| self.said.get(line));
        if said.is_some_and(|said| at < said + HEARD_OUT && *said <= until) {
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
        Some(self.online.get(&share).into_iter().flatten().copied().find(|at| *at > from).unwrap_or(u64::MAX))
    }

    /// The browser came back between these times.
    pub(crate) fn has_returned(&self, share: Share, after: u64, before: u64) -> bool {
        self.returns.get(&share).into_iter().flatten().any(|at| after < *at && *at <= before)
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
