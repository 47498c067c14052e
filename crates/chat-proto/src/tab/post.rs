//! What tabs say to each other, as JSON: a wire like any other, read at the edge and never trusted. Two builds of the widget in two tabs
//! may meet here after a deployment; what one of them does not know it skips.

use alloc::{string::String, vec::Vec};

use crate::io::{Command, Event, TimelineDiff};
use crate::json::{Value, take_members};
use crate::message::{
    Author, Content, Inbound, Item, ItemKey, LocalId, MessageId, Notice, Outbound, Rejection, SendState,
};
use crate::phase::ConnectionStatus;
use crate::problem::Advice;
use crate::snapshot::Kept;
use crate::time::Timestamp;

/// One post of another tab's, as it was read.
pub(super) struct Post {
    pub(super) word: Word,
    /// Who says it.
    pub(super) from: String,
    /// The latest reign that the sender knows of; a leader's own.
    pub(super) reign: u64,
    /// How many posts of news there were in it, as far as the sender knows.
    pub(super) told: u64,
    /// On whose behalf.
    pub(super) by: String,
    /// Of a ping: the sender's page can be seen, and has become so just now.
    pub(super) is_seen: bool,
    pub(super) woke: bool,
    pub(super) command: Option<Command>,
    pub(super) kept: Option<Kept>,
    pub(super) events: Vec<Value>,
}

/// What a post is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A follower asks whether the leader is there.
    Ping,
    /// A follower passes a command on.
    Say,
    /// A follower hands a message over that could not be put into storage.
    Hand,
    /// The leader is there, and there is nothing new.
    Pong,
    /// The leader tells what changed.
    Tell,
    /// The leader tells everything.
    Sync,
}

const WORDS: [(Word, &str); 6] = [
    (Word::Ping, "ping"),
    (Word::Say, "say"),
    (Word::Hand, "hand"),
    (Word::Pong, "pong"),
    (Word::Tell, "tell"),
    (Word::Sync, "sync"),
];

/// A post of this word. `more` are the members that go with it.
pub(super) fn post(word: Word, from: &str, reign: u64, more: &mut [(&str, Value)]) -> Value {
    let mut members = Vec::new();
    let head = &mut [("word", WORDS[word as usize].1.into()), ("from", from.into()), ("reign", reign.into())];
    take_members(&mut members, head);
    take_members(&mut members, more);
    Value::Object(members)
}

impl Post {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let word = value.at("word").as_str()?;
        let flag = |name| value.at(name).as_bool().unwrap_or(false);
        let text = |name| String::from(value.at(name).as_str().unwrap_or_default());
        let number = |name| value.at(name).as_u64().unwrap_or(0);
        Some(Self {
            word: WORDS.iter().find(|(_, it)| *it == word)?.0,
            from: text("from"),
            reign: number("reign"),
            told: number("told"),
            by: text("by"),
            is_seen: flag("seen"),
            woke: flag("woke"),
            command: read_command(value.at("command")),
            kept: Kept::from_value(value.at("kept")),
            events: value.at("events").elements().into(),
        })
    }
}

/// An array, led by a word that says what it is.
fn list(word: &str, rest: &mut [Value]) -> Value {
    let mut list = Vec::new();
    list.push(word.into());
    for value in rest {
        list.push(core::mem::replace(value, Value::Null));
    }
    Value::Array(list)
}

fn nth(value: &Value, at: usize) -> &Value {
    value.elements().get(at).unwrap_or(&Value::Null)
}

fn index(value: &Value, at: usize) -> Option<usize> {
    nth(value, at).as_u64().and_then(|index| usize::try_from(index).ok())
}

fn text(value: &Value, at: usize) -> Option<String> {
    nth(value, at).as_str().map(String::from)
}

fn flag(value: &Value, at: usize) -> bool {
    nth(value, at).as_bool().unwrap_or(false)
}

// ── commands ──

/// A message is handed over in another way.
pub(super) fn command(command: &Command) -> Value {
    match command {
        Command::Open => list("open", &mut []),
        Command::Close => list("close", &mut []),
        Command::Send(_) => Value::Null,
        Command::Draft(text) => list("draft", &mut [text.as_str().into()]),
        Command::Retry(id) => list("retry", &mut [id.0.as_str().into()]),
        Command::Discard(id) => list("discard", &mut [id.0.as_str().into()]),
        Command::TryNow => list("try", &mut []),
        Command::UseHere => list("use", &mut []),
        Command::NewChat => list("new", &mut []),
        Command::LoadEarlier => list("earlier", &mut []),
    }
}

fn read_command(value: &Value) -> Option<Command> {
    let argument = || text(value, 1);
    Some(match nth(value, 0).as_str()? {
        "open" => Command::Open,
        "close" => Command::Close,
        "draft" => Command::Draft(argument()?),
        "retry" => Command::Retry(LocalId(argument()?)),
        "discard" => Command::Discard(LocalId(argument()?)),
        "try" => Command::TryNow,
        "use" => Command::UseHere,
        "new" => Command::NewChat,
        "earlier" => Command::LoadEarlier,
        _ => return None,
    })
}

// ── events ──

pub(super) fn event(event: &Event) -> Value {
    let number = |number: usize| Value::from(number as u64);
    match event {
        Event::Status(status, advice) => {
            let seconds = if let ConnectionStatus::Reconnecting { next_try_in } = status { *next_try_in } else { None };
            list(
                "status",
                &mut [status.word().into(), seconds.map(u64::from).into(), advice.map(|it| it as u64).into()],
            )
        }
        Event::Timeline(TimelineDiff::Reset(all)) => list("reset", &mut [items(all)]),
        Event::Timeline(TimelineDiff::Insert { index, item: it }) => list("insert", &mut [number(*index), item(it)]),
        Event::Timeline(TimelineDiff::Set { index, item: it }) => list("set", &mut [number(*index), item(it)]),
        Event::Timeline(TimelineDiff::Move { from, to, item: it }) => {
            list("move", &mut [number(*to), item(it), number(*from)])
        }
        Event::Timeline(TimelineDiff::Remove { index }) => list("remove", &mut [number(*index)]),
        Event::Said(it) => list("said", &mut [Value::Null, item(it)]),
        Event::Typing(is) => list("typing", &mut [(*is).into()]),
        Event::Unread(count) => list("unread", &mut [u64::from(*count).into()]),
        Event::History { has_more, is_loading, complete_up_to } => {
            list("history", &mut [(*has_more).into(), (*is_loading).into(), complete_up_to.0.into()])
        }
        Event::Draft(text) => list("draft", &mut [text.as_str().into()]),
        Event::Full(is) => list("full", &mut [(*is).into()]),
        Event::Panel(is) => list("panel", &mut [(*is).into()]),
        #[cfg(feature = "wires")]
        Event::Queue { .. } => Value::Null,
        Event::Problem(_) => Value::Null,
    }
}

/// What went wrong is told by the tab in which it did, and what a page counts is to be counted once.
pub(super) fn is_for_all(event: &Event) -> bool {
    match event {
        #[cfg(feature = "wires")]
        Event::Queue { .. } => false,
        event => !matches!(event, Event::Problem(_)),
    }
}

pub(super) fn read_event(value: &Value) -> Option<Event> {
    let item = || read_item(nth(value, 2));
    let at = || index(value, 1);
    Some(match nth(value, 0).as_str()? {
        "status" => {
            let seconds = nth(value, 2).as_u64().and_then(|seconds| u32::try_from(seconds).ok());
            let advice = index(value, 3).and_then(|at| Advice::ALL.get(at).copied());
            Event::Status(ConnectionStatus::parse(nth(value, 1).as_str()?, seconds)?, advice)
        }
        "reset" => Event::Timeline(TimelineDiff::Reset(read_items(nth(value, 1)))),
        "insert" => Event::Timeline(TimelineDiff::Insert { index: at()?, item: item()? }),
        "set" => Event::Timeline(TimelineDiff::Set { index: at()?, item: item()? }),
        "move" => Event::Timeline(TimelineDiff::Move { from: index(value, 3)?, to: at()?, item: item()? }),
        "remove" => Event::Timeline(TimelineDiff::Remove { index: at()? }),
        "said" => Event::Said(item()?),
        "typing" => Event::Typing(flag(value, 1)),
        "unread" => Event::Unread(at().and_then(|count| u32::try_from(count).ok())?),
        "history" => Event::History {
            has_more: flag(value, 1),
            is_loading: flag(value, 2),
            complete_up_to: Timestamp(nth(value, 3).as_u64()?),
        },
        "draft" => Event::Draft(text(value, 1)?),
        "full" => Event::Full(flag(value, 1)),
        "panel" => Event::Panel(flag(value, 1)),
        _ => return None,
    })
}

// ── lines ──

pub(super) fn items(items: &[Item]) -> Value {
    items.iter().map(item).collect()
}

pub(super) fn read_items(value: &Value) -> Vec<Item> {
    value.elements().iter().filter_map(read_item).collect()
}

fn item(item: &Item) -> Value {
    let (word, more) = match &item.content {
        Content::Inbound(it) => {
            let id = it.id.as_ref().map(|id| id.0.clone());
            let local_id = it.local_id.as_ref().map(|id| id.0.clone());
            let state = match it.state {
                SendState::Unconfirmed { ask: true } => "asked",
                SendState::Failed(why) => why.word(),
                state => state.word(),
            };
            ("inbound", [id.into(), it.text.as_str().into(), local_id.into(), state.into()])
        }
        Content::Outbound(it) => {
            let name = it.author.name.clone();
            let bits = u64::from(it.author.is_bot) + 2 * u64::from(it.has_more);
            ("outbound", [it.id.0.as_str().into(), it.text.as_str().into(), name.into(), bits.into()])
        }
        Content::Notice(it) => {
            let (word, name) = match it {
                Notice::Joined => ("joined", None),
                Notice::Left => ("left", None),
                Notice::Ended => ("over", None),
                Notice::SignedIn(name) => ("signed-in", name.clone()),
                Notice::Gap => ("gap", None),
            };
            (word, [Value::Null, Value::Null, name.into(), Value::Null])
        }
    };
    let [id, text, name, state] = more;
    list(word, &mut [item.key.0.into(), item.time.0.into(), id, text, name, state])
}

fn read_item(value: &Value) -> Option<Item> {
    let (id, name) = (text(value, 3), text(value, 5));
    let content = match nth(value, 0).as_str()? {
        "inbound" => Content::Inbound(Inbound {
            local_id: name.map(LocalId),
            id: id.map(MessageId),
            text: text(value, 4)?,
            state: match nth(value, 6).as_str()? {
                "queued" => SendState::Queued,
                "sending" => SendState::Sending,
                "unconfirmed" => SendState::Unconfirmed { ask: false },
                "asked" => SendState::Unconfirmed { ask: true },
                "sent" => SendState::Sent,
                why => SendState::Failed(Rejection::parse(why)?),
            },
        }),
        "outbound" => {
            let bits = nth(value, 6).as_u64()?;
            Content::Outbound(Outbound {
                id: MessageId(id?),
                author: Author { name, is_bot: bits & 1 > 0 },
                text: text(value, 4)?,
                has_more: bits & 2 > 0,
            })
        }
        "joined" => Content::Notice(Notice::Joined),
        "left" => Content::Notice(Notice::Left),
        "over" => Content::Notice(Notice::Ended),
        "signed-in" => Content::Notice(Notice::SignedIn(name)),
        "gap" => Content::Notice(Notice::Gap),
        _ => return None,
    };
    let (key, time) = (ItemKey(nth(value, 1).as_u64()?), Timestamp(nth(value, 2).as_u64()?));
    Some(Item { key, time, content })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_json(value: &Value) -> Value {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    fn lines() -> Vec<Item> {
        let message = |id: Option<&str>, state| {
            let (local_id, id) = (Some(LocalId("l".into())), id.map(|id| MessageId(id.into())));
            Content::Inbound(Inbound { local_id, id, text: "grüß \"dich\"".into(), state })
        };
        let contents = [
            message(None, SendState::Queued),
            message(None, SendState::Sending),
            message(None, SendState::Unconfirmed { ask: false }),
            message(None, SendState::Unconfirmed { ask: true }),
            message(Some("m"), SendState::Sent),
            message(None, SendState::Failed(Rejection::TooLong)),
            message(None, SendState::Failed(Rejection::Ended)),
            Content::Outbound(Outbound {
                id: MessageId("o".into()),
                author: Author { name: Some("Ada".into()), is_bot: true },
                text: String::new(),
                has_more: true,
            }),
            Content::Notice(Notice::Joined),
            Content::Notice(Notice::Left),
            Content::Notice(Notice::Ended),
            Content::Notice(Notice::SignedIn(Some("Ada".into()))),
            Content::Notice(Notice::SignedIn(None)),
            Content::Notice(Notice::Gap),
        ];
        let line = |(at, content)| Item { key: ItemKey(at), time: Timestamp(1_791_190_800_120), content };
        ((3_u64 << 24)..).zip(contents).map(line).collect()
    }

    #[test]
    fn every_event_that_is_told_comes_out_as_it_went_in() {
        let line = || lines().swap_remove(4);
        let mut events = Vec::from([
            Event::Timeline(TimelineDiff::Reset(lines())),
            Event::Timeline(TimelineDiff::Insert { index: 7, item: line() }),
            Event::Timeline(TimelineDiff::Set { index: 0, item: line() }),
            Event::Timeline(TimelineDiff::Move { from: 1, to: 2, item: line() }),
            Event::Timeline(TimelineDiff::Remove { index: 3 }),
            Event::Said(line()),
            Event::Typing(true),
            Event::Unread(7),
            Event::History { has_more: true, is_loading: false, complete_up_to: Timestamp(9) },
            Event::Draft("half".into()),
            Event::Full(true),
            Event::Panel(true),
        ]);
        for advice in [None].into_iter().chain(Advice::ALL.map(Some)) {
            events.extend(ConnectionStatus::all(Some(7)).map(|status| Event::Status(status, advice)));
        }
        for event in events {
            assert_eq!(read_event(&through_json(&super::event(&event))), Some(event));
        }
    }

    #[test]
    fn every_command_but_a_message_comes_out_as_it_went_in() {
        let id = || LocalId("l".into());
        for it in [
            Command::Open,
            Command::Close,
            Command::Draft("d".into()),
            Command::Retry(id()),
            Command::Discard(id()),
            Command::TryNow,
            Command::UseHere,
            Command::NewChat,
            Command::LoadEarlier,
        ] {
            assert_eq!(read_command(&through_json(&command(&it))), Some(it));
        }
    }

    #[test]
    fn what_is_no_post_or_event_is_skipped() {
        for text in [
            "null",
            "3",
            "[]",
            "{}",
            r#"{"word":"abdicate"}"#,
            r#"["insert"]"#,
            r#"["insert",-1,[]]"#,
            r#"["status","dancing"]"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(Post::read(&value).is_none(), "{text}");
            assert_eq!(read_event(&value), None, "{text}");
        }
    }
}
