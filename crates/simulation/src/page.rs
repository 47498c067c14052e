//! One page in one tab, from its load to its end: the client in it, its clocks and timers, and what is known of its doings.

use chat_proto::io::RequestId;
use chat_proto::message::ItemKey;

use crate::client::Client;
use crate::screen::Screen;

pub(crate) struct Page {
    /// Never used twice in a run.
    pub(crate) number: u32,
    /// Which tab it is in.
    pub(crate) tab: usize,
    pub(crate) client: Client,
    pub(crate) screen: Screen,
    /// It does nothing before this time.
    pub(crate) frozen_until: u64,
    /// Its timers fire at multiples of this only (0: whenever), and so late.
    pub(crate) throttle: u64,
    pub(crate) lag: u64,
    /// It was told that there is no network.
    pub(crate) is_told_offline: bool,
    /// Its open question to the token endpoint.
    pub(crate) token_request: Option<RequestId>,
    /// When timers fired last, and how often at that time.
    pub(crate) timeouts: (u64, u32),
    /// What the watch remembers of it.
    pub(crate) record: Record,
}

/// What the watch remembers of a page. Times are its own, by the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// When a socket was last closed on it, if nothing has hastened it since.
    pub(crate) closed_at: Option<u64>,
    pub(crate) last_text_at: Option<u64>,
    pub(crate) last_typing_at: Option<u64>,
    /// The token endpoint is not to be asked before.
    pub(crate) token_not_before: u64,
    /// When a token was last asked for, by true time, and with what clocks.
    pub(crate) asked: (u64, (u64, i64)),
    /// What was granted to it.
    pub(crate) grants: Vec<Grant>,
    /// It told the endpoint that it is about to connect.
    pub(crate) is_connecting: bool,
    /// And got no grant: whether there are places is not known.
    pub(crate) is_place_unknown: bool,
    /// Its place in line.
    pub(crate) place: Place,
    /// Until then, by true time, nothing but a refusal makes it ask for another token, as long as the clocks are these.
    pub(crate) content: Option<(u64, (u64, i64))>,
    /// When it last lost a socket, or gave one up.
    pub(crate) lost_at: u64,
    /// For which losses it asked for a token before its time.
    pub(crate) forced: Vec<u64>,
    /// Since when it has had two sockets at once.
    pub(crate) two_since: Option<u64>,
    /// What it shows as being sent, and since when.
    pub(crate) sending: Option<(ItemKey, u64)>,
}

/// A grant, by true time, which the page does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    pub(crate) ends_at: u64,
    /// When it was asked for: how long the monotonic clock had stood still, and how far the wall clock was off.
    pub(crate) clocks: (u64, i64),
}

/// When a page may open its next socket, as the token endpoint has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Whenever it likes.
    #[default]
    Free,
    /// Then, by its own clock, and not much later.
    At(u64),
    /// Not before it has asked again.
    Used,
}

impl Record {
    /// It leads, with a session that knows nothing of those before it.
    pub(crate) fn begins_to_lead(&mut self) {
        (self.place, self.content) = (Place::Free, None);
        (self.last_text_at, self.last_typing_at) = (None, None);
        self.forced.clear();
    }

    /// Until then the page does nothing, and nobody can expect anything of it.
    pub(crate) fn begins_again(&mut self, at: u64) {
        self.sending = self.sending.map(|(key, since)| (key, since.max(at)));
        self.two_since = self.two_since.map(|since| since.max(at));
    }
}

impl Page {
    /// When its timer fires, if it was set for `at`, both by the true clock.
    pub(crate) fn fires_at(&self, at: u64) -> u64 {
        let at = at.saturating_add(self.lag);
        let aligned = if self.throttle > 0 { at.div_ceil(self.throttle).saturating_mul(self.throttle) } else { at };
        aligned.max(self.frozen_until)
    }
}
