//! The durations and limits of a session, each with its unit, default and reason. Those between tabs are in `tab.rs`; a few constants
//! stand beside what they explain.

use crate::time::{MINUTE, Millis, SECOND};

/// When things happen. All in milliseconds unless the name says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Timings {
    /// How long an HTTP request may take. 10 s: the longest a person waits before they think that it is broken, and what the token
    /// endpoint's contract says.
    pub request: Millis,
    /// How long a socket may take to open. 15 s: three tries of a lost SYN (1 + 2 + 4 s) and as much again for TLS.
    pub connect: Millis,
    /// How long the backend may take to answer our hello, or a question for older messages. 10 s.
    pub answer: Millis,
    /// How long a sent message may go without its echo before the connection is held for dead. 7.5 s: messages are echoed within
    /// a second; a half-open socket never echoes; a visitor waits eight.
    pub acknowledge: Millis,
    /// How long a connection must live after a message before the message counts as taken, on a wire that answers nothing. 1 s: where the
    /// backend closes upon a message, it does so at once.
    pub silent_acceptance: Millis,
    /// How long history may lag behind what was accepted. 3 s: history is written after the echo; a message that is not in
    /// it is not called lost before that.
    pub settle: Millis,
    /// The least time between two messages. 500 ms: the strictest burst limit that is told of is 2 a second.
    pub pace: Millis,
    /// How long a connection may be silent before it is probed. 15 s: with the answer's time a dead one is found in less than 20, by four
    /// questions a minute.
    pub probe: Millis,
    /// How long after a probe anything must have been heard. 4 s: an answer takes a tenth of that, and a needless reconnection loses
    /// nothing.
    pub probe_answer: Millis,
    /// How old what is known of history may become while nothing is heard, before it is read again. 60 s; longer, the longer nothing
    /// was said. One chat in five thousand lost a message on a connection that seemed well, in the one field study there is.
    pub audit: Millis,
    /// How many health checks may be sent in [`Timings::probe_window`]. 2, the backend's quota; one is kept for when the page wakes.
    pub probe_quota: usize,
    /// How many questions for the history's key may stand in for one in the same time. 4, by our own modesty.
    pub probe_keys: usize,
    /// The window of both: the backend's minute, and two seconds for frames that take less long than the one before.
    pub probe_window: Millis,
    /// How many frames of any kind may be sent in [`Timings::frames_span`]. 50 of the 60 that the backend allows. Beyond it no probe
    /// is sent; what is below it is room for what cannot wait.
    pub frames: usize,
    /// Above so many of them, texts and new connections wait. 40.
    pub frames_of_ours: usize,
    /// Above so many of them, the agent is not told that the visitor types. 30.
    pub frames_typing: usize,
    /// 60 s, and one for frames that take less long than the one before.
    pub frames_span: Millis,
    /// How late a timer may be, or the wall clock ahead of the other, before the page is taken to have slept. 2 s: browsers hold the timers
    /// of a page that is not seen back for one.
    pub late: Millis,
    /// What was heard so lately suffices when the page wakes, for so long. 800 ms: with the answer's time less than five seconds.
    pub wake_silence: Millis,
    /// The shortest wait before a reconnection. 100 ms.
    pub backoff_floor: Millis,
    /// The bound of the first random wait: 800 ms.
    pub backoff_first: Millis,
    /// The bound of the longest random wait. 12 s: of 5,000 visitors who were away for a minute, 95 % are back 10 s after the backend
    /// is, and no more than 2 % of them come in the same 100 ms (`cargo run --release --example herd`).
    pub backoff_cap: Millis,
    /// How long a connection must live until the wait starts small again. 30 s: a server that accepts and drops at once must not be hammered.
    pub backoff_reset: Millis,
    /// How many closes that speak of a misunderstanding (a protocol error, say) are taken for accidents, within
    /// [`Timings::misunderstandings_span`]. 3; the next one ends the chat visibly.
    pub misunderstandings: usize,
    /// 10 minutes.
    pub misunderstandings_span: Millis,
    /// How soon at most the next attempt comes after a sign that the network is back (half of it random). 500 ms.
    pub wake: Millis,
    /// The least time between two such attempts. 2 s.
    pub wake_spacing: Millis,
    /// A token is renewed at 75 to 85 % of its life, and no later than this before its end where three quarters are over by then.
    /// 60 s: six tries of a renewal that fails.
    pub renewal_margin: Millis,
    /// The earliest renewal that the endpoint may name. 10 s: whatever it says, it is not asked in a loop.
    pub renewal_soonest: Millis,
    /// The longest pause before a failed renewal is tried again, a quarter of it random; doubling up to
    /// [`Timings::renewal_retry_cap`]. 1 s.
    pub renewal_retry: Millis,
    /// 30 s.
    pub renewal_retry_cap: Millis,
    /// No socket is opened with a token so near its end. 10 s: a slow handshake, and hello; a tenth of a life that is short.
    pub token_reserve: Millis,
    /// How often refusals may force a renewal in [`Timings::forced_window`]. 2: the next would be a loop.
    pub forced_renewals: usize,
    /// 10 min.
    pub forced_window: Millis,
    /// The longest that the endpoint may put the next socket off, by `connect_after_ms`. 10 min: nobody watches a longer countdown.
    pub slot_cap: Millis,
    /// How late the place in line that it gave may be used. 90 s: timers of a hidden page are up to a minute late.
    pub slot_life: Millis,
    /// How long it holds for a socket that did not open. 5 s: a backend that restarts; all who are so late together are fewer than what
    /// the endpoint keeps in reserve.
    pub slot_retry: Millis,
    /// How long the endpoint counts a place, so that one that was of no use is given back. 60 s: the backend's quota is for a minute.
    pub slot_window: Millis,
    /// The longest `Retry-After` that is honoured; whoever asks for more is asked again after this. One hour.
    pub retry_after_cap: Millis,
    /// How long to wait after a 429 that does not say how long. 5 s.
    pub rate_pause: Millis,
    /// How often at most the agent is told that the visitor types. 5 s: the backend's own limit.
    pub typing: Millis,
    /// How long the agent is shown as typing after a sign that carries no duration. 5 s, as the protocol has it.
    pub agent_typing: Millis,
    /// How long the composer's text may be younger than its saved copy. 300 ms.
    pub save_draft: Millis,
    /// How many times a message is tried that the backend fails at, before it is shown as failed. 3.
    pub attempts: u32,
    /// How long the key to the history is used again. 30 s: it lives about a minute.
    pub history_key: Millis,
    /// The pause before history that could not be fetched is asked for again, doubling up to [`Timings::history_retry_cap`]. 1 s.
    pub history_retry: Millis,
    /// 60 s, well within the backend's ten questions a minute.
    pub history_retry_cap: Millis,
    /// After how many failures the conversation goes on without its history, and says so. 3.
    pub history_failures: u32,
    /// How many pages of history are fetched at once to fill a gap. 4: the backend allows ten a minute.
    pub replay_pages: u32,
    /// The longest message in bytes of UTF-8. 4,096: the backend's limit.
    pub text_bytes: usize,
    /// How many messages may wait, counting those that failed and were not taken away. 100: more than anybody writes into a dead network,
    /// and few enough to be saved again at every change.
    pub outbox_messages: usize,
    /// How many bytes of text they may hold together. 256 KiB: a twentieth of what browsers let a site keep.
    pub outbox_bytes: usize,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            request: 10 * SECOND,
            connect: 15 * SECOND,
            answer: 10 * SECOND,
            acknowledge: 7_500,
            silent_acceptance: SECOND,
            settle: 3 * SECOND,
            pace: 500,
            probe: 15 * SECOND,
            probe_answer: 4 * SECOND,
            audit: MINUTE,
            probe_quota: 2,
            probe_keys: 4,
            probe_window: 62 * SECOND,
            frames: 50,
            frames_of_ours: 40,
            frames_typing: 30,
            frames_span: 61 * SECOND,
            late: 2 * SECOND,
            wake_silence: 800,
            backoff_floor: 100,
            backoff_first: 800,
            backoff_cap: 12 * SECOND,
            backoff_reset: 30 * SECOND,
            misunderstandings: 3,
            misunderstandings_span: 10 * MINUTE,
            wake: 500,
            wake_spacing: 2 * SECOND,
            renewal_margin: MINUTE,
            renewal_soonest: 10 * SECOND,
            renewal_retry: SECOND,
            renewal_retry_cap: 30 * SECOND,
            token_reserve: 10 * SECOND,
            forced_renewals: 2,
            forced_window: 10 * MINUTE,
            slot_cap: 10 * MINUTE,
            slot_life: 90 * SECOND,
            slot_retry: 5 * SECOND,
            slot_window: MINUTE,
            retry_after_cap: 60 * MINUTE,
            rate_pause: 5 * SECOND,
            typing: 5 * SECOND,
            agent_typing: 5 * SECOND,
            save_draft: 300,
            attempts: 3,
            history_key: 30 * SECOND,
            history_retry: SECOND,
            history_retry_cap: MINUTE,
            history_failures: 3,
            replay_pages: 4,
            text_bytes: 4096,
            outbox_messages: 100,
            outbox_bytes: 256 * 1024,
        }
    }
}
