//! Every word that a visitor can read or hear, one table for each language. A further language is a further table and its line
//! in [`TABLES`]; what needs a number or a name is a function there, so that each language bends its words its own way.

use chat_proto::message::{Notice, Rejection};
use chat_proto::phase::ConnectionStatus;
use chat_proto::problem::Advice;

/// The words of one language.
pub(crate) struct Words {
    /// Its code, as in `<html lang>`.
    pub(crate) lang: &'static str,

    // The launcher and the header.
    pub(crate) title: &'static str,
    pub(crate) open: &'static str,
    pub(crate) open_unread: fn(u32) -> String,
    pub(crate) close: &'static str,

    // The connection.
    pub(crate) connecting: &'static str,
    pub(crate) reconnecting: &'static str,
    pub(crate) busy: &'static str,
    pub(crate) next_try: fn(&str, u32) -> String,
    pub(crate) offline: &'static str,
    pub(crate) evicted: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) no_sign_in: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) unavailable: &'static str,
    pub(crate) bad_attributes: &'static str,
    pub(crate) broken: &'static str,
    pub(crate) try_now: &'static str,
    pub(crate) try_again: &'static str,
    pub(crate) use_here: &'static str,
    pub(crate) new_chat: &'static str,
    pub(crate) draft_kept: &'static str,

    // The conversation.
    pub(crate) log: &'static str,
    pub(crate) empty_title: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) earlier: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) new_messages: fn(u32) -> String,
    pub(crate) today: &'static str,
    pub(crate) yesterday: &'static str,
    pub(crate) you: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) bot: &'static str,
    pub(crate) typing: fn(&str) -> String,
    pub(crate) not_shown: &'static str,
    pub(crate) partly_shown: &'static str,

    // Lines that nobody said.
    pub(crate) joined: &'static str,
    pub(crate) left: &'static str,
    pub(crate) over: &'static str,
    pub(crate) signed_in: &'static str,
    pub(crate) signed_in_as: fn(&str) -> String,
    pub(crate) gap: &'static str,

    // How far a message got.
    pub(crate) sending: &'static str,
    pub(crate) queued: &'static str,
    pub(crate) queued_offline: &'static str,
    pub(crate) checking: &'static str,
    pub(crate) unsure: &'static str,
    pub(crate) send_again: &'static str,
    pub(crate) leave_it: &'static str,
    pub(crate) too_long: &'static str,
    pub(crate) not_accepted: &'static str,
    pub(crate) not_sent: &'static str,
    pub(crate) ended_before: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) remove: &'static str,

    // The composer.
    pub(crate) message: &'static str,
    pub(crate) placeholder: &'static str,
    pub(crate) placeholder_over: &'static str,
    pub(crate) send: &'static str,
    pub(crate) room_left: fn(usize) -> String,
    pub(crate) too_much: fn(usize) -> String,
    pub(crate) full: &'static str,

    // Only heard.
    pub(crate) said: fn(&str, &str) -> String,
    pub(crate) sent: &'static str,
    pub(crate) online_again: &'static str,
}

static ENGLISH: Words = Words {
    lang: "en",

    title: "Chat with us",
    open: "Open chat",
    open_unread: |count| format!("Open chat, {count} unread {}", if count == 1 { "message" } else { "messages" }),
    close: "Close chat",

    connecting: "Connecting…",
    reconnecting: "Reconnecting…",
    busy: "The chat is busy right now.",
    next_try: |line, seconds| {
        let (count, unit) = if seconds < 100 { (seconds, "s") } else { (seconds.div_ceil(60), "min") };
        format!("{line} Next try in {count}\u{a0}{unit}.")
    },
    offline: "You are offline. What you write is sent when you are back.",
    evicted: "You continued this chat in another tab or on another device.",
    ended: "This chat has ended. You can still read it.",
    expired: "This chat can no longer be continued. You can still read it.",
    no_sign_in: "We cannot sign you in to the chat. If this goes on, reload the page. What you wrote is kept.",
    refused: "We cannot open the chat. If this goes on, please contact us another way. What you wrote is kept.",
    unavailable: "Chat is not available right now. Please contact us another way.",
    bad_attributes: "This chat is not set up correctly:",
    broken: "The chat has stopped working. Reload the page to go on; what was sent is not lost.",
    try_now: "Try now",
    try_again: "Try again",
    use_here: "Continue here",
    new_chat: "Start a new chat",
    draft_kept: "What you wrote is kept for the new chat.",

    log: "Conversation",
    empty_title: "How can we help?",
    empty: "Write to us and one of our team will answer here. You can close this and look around; the chat stays with you.",
    waiting: "Thank you. Somebody will answer here soon.",
    earlier: "Show earlier messages",
    loading: "Loading earlier messages…",
    new_messages: |count| if count == 1 { "1 new message".to_owned() } else { format!("{count} new messages") },
    today: "Today",
    yesterday: "Yesterday",
    you: "You",
    agent: "Support",
    bot: "Assistant",
    typing: |name| format!("{name} is typing"),
    not_shown: "This message holds something that cannot be shown here.",
    partly_shown: "A part of this message cannot be shown here.",

    joined: "Chat started",
    left: "Your contact has left. You can keep writing.",
    over: "Chat ended",
    signed_in: "You signed in",
    signed_in_as: |name| format!("You signed in as {name}"),
    gap: "Some messages may be missing here",

    sending: "Sending",
    queued: "Waiting to be sent",
    queued_offline: "Will be sent when you are back online",
    checking: "Checking whether this arrived…",
    unsure: "Not sure this arrived",
    send_again: "Send again",
    leave_it: "Leave it",
    too_long: "Not sent: it is too long",
    not_accepted: "Not sent: it was not accepted",
    not_sent: "Could not be sent",
    ended_before: "Not sent: the chat ended first",
    retry: "Retry",
    remove: "Remove",

    message: "Message",
    placeholder: "Write a message",
    placeholder_over: "This chat has ended",
    send: "Send",
    room_left: |bytes| format!("{bytes} left"),
    too_much: |bytes| format!("Too long by {bytes}. Shorten it to send."),
    full: "Too much is waiting to be sent. This can be sent when some of it has gone.",

    said: |name, text| format!("{name} said: {text}"),
    sent: "Sent",
    online_again: "Connected again",
};

/// All languages; the first is the one for those whose language is missing.
static TABLES: [&Words; 1] = [&ENGLISH];

impl Words {
    /// The table for the first of these language tags that there is one for, and the locale in which to write dates.
    /// The locale keeps the tag's region (`en-GB`), so that dates look as they do on the rest of the page.
    pub(crate) fn choose(tags: &[String]) -> (&'static Self, String) {
        for tag in tags {
            let mut subtags = tag.split(['-', '_']);
            let lang = subtags.next().unwrap_or_default().to_ascii_lowercase();
            if let Some(words) = TABLES.iter().find(|words| words.lang == lang) {
                // Only what is certainly well-formed: `Intl` throws at anything else.
                let region =
                    subtags.find(|subtag| subtag.len() == 2 && subtag.bytes().all(|b| b.is_ascii_alphabetic()));
                return (words, region.map_or_else(|| lang.clone(), |region| format!("{lang}-{region}")));
            }
        }
        (TABLES[0], TABLES[0].lang.to_owned())
    }

    /// What is said about the connection, and what the visitor can do about it; nothing where all is well.
    pub(crate) fn status(&self, (status, advice): (ConnectionStatus, Option<Advice>)) -> String {
        let why = |otherwise| match advice {
            None => otherwise,
            Some(Advice::Wait) => self.busy,
            Some(Advice::SignIn) => self.no_sign_in,
            Some(Advice::Elsewhere) => self.refused,
        };
        match status {
            ConnectionStatus::Idle | ConnectionStatus::Online => "",
            ConnectionStatus::Connecting => self.connecting,
            ConnectionStatus::Reconnecting { next_try_in } => {
                let line = why(self.reconnecting);
                if let Some(seconds) = next_try_in.filter(|seconds| *seconds > 0) {
                    return (self.next_try)(line, seconds);
                }
                line
            }
            ConnectionStatus::Offline => self.offline,
            ConnectionStatus::Evicted => self.evicted,
            ConnectionStatus::ReadOnly => self.ended,
            ConnectionStatus::Expired => self.expired,
            ConnectionStatus::Refused => why(self.refused),
            ConnectionStatus::Misconfigured => self.unavailable,
        }
        .to_owned()
    }

    /// A line that nobody said.
    pub(crate) fn notice(&self, notice: &Notice) -> String {
        match notice {
            Notice::Joined => self.joined,
            Notice::Left => self.left,
            Notice::Ended => self.over,
            Notice::SignedIn(Some(name)) => return (self.signed_in_as)(name),
            Notice::SignedIn(None) => self.signed_in,
            Notice::Gap => self.gap,
        }
        .to_owned()
    }

    /// Why a message was not sent.
    pub(crate) fn rejection(&self, why: Rejection) -> &'static str {
        match why {
            Rejection::TooLong => self.too_long,
            Rejection::Refused => self.not_accepted,
            Rejection::Server => self.not_sent,
            Rejection::Ended => self.ended_before,
        }
    }
}
