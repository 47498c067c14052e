//! The rules that every run is held against: the names under which one is called broken, and what each says. Their numbers have gaps where
//! a rule cannot be seen in a single run, or is measured elsewhere; what is forgiven stands at the head of the crate. Checks nothing: `world/` and `oracle.rs` do.

/// Every name, and its rule in a sentence.
pub const RULES: [(&str, &str); 31] = [
    ("I1", "With a token endpoint, a socket is opened only while a token lives."),
    ("I2", "At most one token request is under way, over all tabs."),
    (
        "I3",
        "At most one socket is open, over all tabs, and no frame goes to one that is gone; two for 18 s at most where one takes the other's place.",
    ),
    ("I4", "What the visitor writes is shown at once, and once."),
    (
        "I5",
        "What the visitor writes is stored at once, and stays stored until it is accepted or taken out, while storage works.",
    ),
    (
        "I6",
        "What was accepted is not sent again, unless the visitor, who cannot know, asks for it; nor, without history, what is of unknown fate.",
    ),
    ("I7", "The backend accepts nothing twice, and nothing that nobody wrote."),
    (
        "I8",
        "What was written in one page is accepted in the order of writing, but for what was shown as failed or doubtful.",
    ),
    ("I9", "At most 100 messages wait to be sent."),
    ("I10", "No socket is opened and no token asked for while the page knows that there is no network."),
    (
        "I11",
        "A token is renewed before its time twice in ten minutes at most, or once for each loss where it is good for one connection.",
    ),
    (
        "I12",
        "No socket is opened within 100 ms after a close unless something hastens it, and no Retry-After of the token endpoint is cut short.",
    ),
    ("I14", "No page spins: fewer than twenty of its timers fire at one instant."),
    (
        "I15",
        "No token and no text of the visitor's is in a problem that is told or in an address, but for a token where the wire has it there, and only the known hosts are asked.",
    ),
    ("I16", "A connection carries at most 60 frames in a minute; texts are half a second apart, signs of typing five."),
    ("I17", "Only the tab that leads opens sockets, sends frames and asks for tokens."),
    ("I18", "No line is shown twice, and every change of the conversation fits what is shown."),
    ("I19", "No session ends as refused or misconfigured without a word about why."),
    (
        "I20",
        "Once all has healed, every screen comes to show what the backend has, within 30 s or what was told to take longer, and stays so; without history, what was heard of it, and that it hears.",
    ),
    ("I21", "Who leads and is shown as online has a socket that is open."),
    ("I22", "Where a token is good for one connection, none is said on a second."),
    (
        "I23",
        "Without history, a line that is not on a screen has a notice between its neighbours there, unless it was lost where nobody could know.",
    ),
    ("T1", "What was written and not accepted is still on a screen after the healing, so that nothing is lost."),
    ("T6", "A place in line is good for one socket, not before its time and up to 90 s after it."),
    ("T12", "A page or a record that goes takes no message along, while storage works."),
    ("T18a", "Nothing is shown as being sent for more than 15 s."),
    (
        "T18b",
        "What is shown as sent was accepted; where nothing is answered, it was said on a connection that lived a second longer.",
    ),
    ("T18c", "What is shown as failed was not accepted."),
    ("table", "A session goes only where the table of transitions lets it (ARCHITECTURE.md, the states)."),
    ("panic", "Nothing panics."),
    ("determinism", "The same schedule gives the same run, byte for byte."),
];

/// What a rule says; nothing for a name that is none.
pub fn says(rule: &str) -> &'static str {
    RULES.iter().find(|(name, _)| *name == rule).map_or("", |(_, sentence)| sentence)
}
