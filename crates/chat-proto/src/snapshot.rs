//! The picture that survives a page reload, in two records: what all tabs of this browser share, and what one tab has written and
//! not yet got rid of. Versioned; a record that cannot be read is as good as none, and a newer version's record is left alone.

use alloc::{string::String, vec::Vec};

use crate::json::Value;
use crate::message::{LocalId, Rejection};
use crate::time::Timestamp;
use crate::trace::is_ours;

/// The version of both records. Raise it when their meaning changes.
const VERSION: u64 = 1;

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// What all tabs share; `None` while there is no conversation to come back to.
    pub shared: Option<SharedRecord>,
    /// What this tab keeps.
    pub tab: TabRecord,
}

/// What all tabs of this browser share about a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedRecord {
    /// The session token, if the widget made it itself. One that came from a token endpoint is never stored.
    pub token: Option<String>,
    /// Outbound messages up to this time have been read.
    pub read_up_to: Timestamp,
    /// The conversation has ended and can only be read: no page comes back to it by itself.
    pub is_over: bool,
    /// The `traceparent` of the conversation, if it is traced.
    pub trace: Option<String>,
}

/// What one tab keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TabRecord {
    /// The panel is open.
    pub is_open: bool,
    /// The composer's text.
    pub draft: String,
    /// What was written and is not certainly delivered, in the order of writing.
    pub outbox: Vec<Kept>,
}

/// A message that is not certainly delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its id, the same for every attempt.
    pub id: LocalId,
    /// What was written.
    pub text: String,
    /// When it was written.
    pub written: Timestamp,
    /// How far it got.
    pub fate: Fate,
}

/// How far a kept message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It never left, or was certainly not taken.
    Unsent,
    /// It left, and nobody knows. If it arrived, its row is newer than this time of the backend's.
    Unknown(Timestamp),
    /// The same, and the visitor has been asked; later messages may have gone before it, so it is never sent by itself.
    Asked(Timestamp),
    /// It will not be sent by itself.
    Rejected(Rejection),
}

impl SharedRecord {
    /// As JSON.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("v", VERSION.into()),
            ("token", self.token.clone().into()),
            ("readUpTo", self.read_up_to.0.into()),
            ("over", self.is_over.then_some(true).into()),
            ("trace", self.trace.clone().into()),
        ])
    }

    /// From JSON, if it is one of ours.
    pub fn from_value(value: &Value) -> Option<Self> {
        (value.at("v").as_u64() == Some(VERSION)).then(|| Self {
            token: value.at("token").as_text().map(String::from),
            read_up_to: Timestamp(value.at("readUpTo").as_u64().unwrap_or(0)),
            is_over: value.at("over").as_bool().unwrap_or(false),
            trace: value.at("trace").as_str().filter(|trace| is_ours(trace)).map(String::from),
        })
    }
}

impl TabRecord {
    /// As JSON.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("v", VERSION.into()),
            ("open", self.is_open.into()),
            ("draft", self.draft.as_str().into()),
            ("outbox", self.outbox.iter().map(Kept::to_value).collect()),
        ])
    }

    /// From JSON, if it is one of ours. Rows that cannot be read are left out.
    pub fn from_value(value: &Value) -> Option<Self> {
        (value.at("v").as_u64() == Some(VERSION)).then(|| Self {
            is_open: value.at("open").as_bool().unwrap_or(false),
            draft: value.at("draft").as_str().unwrap_or_default().into(),
            outbox: value.at("outbox").elements().iter().filter_map(Kept::from_value).collect(),
        })
    }

    /// Nothing in it is worth keeping.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Kept {
    /// As JSON.
    pub(crate) fn to_value(&self) -> Value {
        let (after, asked, rejected) = match self.fate {
            Fate::Unsent => (None, None, None),
            Fate::Unknown(after) => (Some(after.0), None, None),
            Fate::Asked(after) => (Some(after.0), Some(true), None),
            Fate::Rejected(why) => (None, None, Some(why.word())),
        };
        Value::object([
            ("id", self.id.0.as_str().into()),
            ("text", self.text.as_str().into()),
            ("written", self.written.0.into()),
            ("after", after.into()),
            ("asked", asked.into()),
            ("rejected", rejected.into()),
        ])
    }

    /// From JSON.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let fate = if value.at("asked").as_bool() == Some(true) { Fate::Asked } else { Fate::Unknown };
        let unknown = value.at("after").as_u64().map(|after| fate(Timestamp(after)));
        let rejected = value
            .at("rejected")
            .as_str()
            .map(|word| Fate::Rejected(Rejection::parse(word).unwrap_or(Rejection::Refused)));
        Some(Self {
            id: LocalId(value.at("id").as_text()?.into()),
            text: value.at("text").as_text()?.into(),
            written: Timestamp(value.at("written").as_u64()?),
            fate: rejected.or(unknown).unwrap_or(Fate::Unsent),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str, fate: Fate) -> Kept {
        Kept { id: LocalId(id.into()), text: "hello".into(), written: Timestamp(7), fate }
    }

    fn through_json(value: &Value) -> Value {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn a_tab_comes_back_as_it_was() {
        let tab = TabRecord {
            is_open: true,
            draft: "half a sent".into(),
            outbox: [
                kept("a", Fate::Unsent),
                kept("b", Fate::Unknown(Timestamp(9))),
                kept("d", Fate::Asked(Timestamp(9))),
                kept("c", Fate::Rejected(Rejection::TooLong)),
            ]
            .into(),
        };
        assert_eq!(TabRecord::from_value(&through_json(&tab.to_value())), Some(tab));
    }

    #[test]
    fn the_shared_record_comes_back_as_it_was() {
        let shared = SharedRecord {
            token: Some("t".into()),
            read_up_to: Timestamp(1_791_190_800_120),
            is_over: true,
            trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        };
        assert_eq!(SharedRecord::from_value(&through_json(&shared.to_value())), Some(shared));
        let damaged = Value::object([("v", VERSION.into()), ("trace", "00-\r\nx".into())]);
        assert_eq!(SharedRecord::from_value(&damaged), Some(SharedRecord::default()));
    }

    #[test]
    fn records_of_another_version_or_of_no_form_are_none() {
        for text in ["null", "3", "{}", r#"{"v":2,"draft":"x"}"#, r#"{"v":"one"}"#] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(TabRecord::from_value(&value), None, "{text}");
            assert_eq!(SharedRecord::from_value(&value), None, "{text}");
        }
    }
}
