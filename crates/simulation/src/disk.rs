//! What the browser keeps for its tabs, shared and each tab's own, and how that fails.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::json::Value;
use chat_proto::tab::{Area, Store};

use crate::schedule::Corruption;

/// How the key of the number of the latest reign ends.
const REIGN: &str = ":reign";

/// What stands in the key of a message that was handed over, before its id.
const HANDED: &str = ":handed:";

#[derive(Debug, Default)]
pub(crate) struct Disk {
    shared: BTreeMap<String, Value>,
    own: BTreeMap<(usize, String), Value>,
    /// Nothing can be written.
    pub(crate) is_full: bool,
    /// Nothing can be read either.
    pub(crate) is_denied: bool,
    /// Where the last thing that somebody wanted to keep was refused: what stands there is older.
    stale: BTreeSet<(Option<usize>, String)>,
    /// The number of the latest reign was gone once: who was replaced in the meantime cannot know, and may write over what is newer.
    pub(crate) is_fence_down: bool,
    /// How often it has failed somebody: what was durable before need not be so any more.
    pub(crate) failures: u64,
    /// Moves with everything that is written, taken out or refused: who has looked at one revision has nothing to look for in it.
    pub(crate) revision: u64,
}

impl Disk {
    /// Something that stands there is older than it should be.
    pub(crate) fn is_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Overwrites the shared record at this place among all of them, if there are any. True if it was a message that waits to be taken.
    pub(crate) fn corrupt(&mut self, place: u64, how: Corruption) -> bool {
        let count = self.shared.len() as u64;
        let Some(key) = self.shared.keys().nth(usize::try_from(place % count.max(1)).unwrap_or(0)).cloned() else {
            return false;
        };
        self.fail();
        self.is_fence_down |= key.ends_with(REIGN);
        let is_handed = key.contains(HANDED);
        match how {
            Corruption::Gone => drop(self.shared.remove(&key)),
            Corruption::Garbage => drop(self.shared.insert(key, Value::from("}{ not ours"))),
            Corruption::OtherVersion => {
                drop(self.shared.insert(key, Value::object([("v", 99_u64.into()), ("outbox", "elsewhere".into())])));
            }
        }
        is_handed
    }

    /// It has failed, and gives nothing of the conversation that is kept below this name.
    pub(crate) fn is_blind(&self, name: &str) -> bool {
        let is_known = self.shared.get(name).is_some_and(|record| record.at("v").as_u64() == Some(1));
        self.failures > 0 && (self.is_denied || !is_known)
    }

    /// It fails somebody.
    pub(crate) fn fail(&mut self) {
        self.failures += 1;
        self.revision += 1;
    }

    /// Whether this very text stands in any record.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.shared.values().chain(self.own.values()).any(|record| is_in(record, text))
    }

    /// The same of those that are older than they should be.
    pub(crate) fn holds_stale(&self, text: &str) -> bool {
        self.stale.iter().any(|(tab, key)| {
            let record = match tab {
                None => self.shared.get(key),
                Some(tab) => self.own.get(&(*tab, key.clone())),
            };
            record.is_some_and(|record| is_in(record, text))
        })
    }
}

/// Storage as one tab sees it.
pub(crate) struct View<'a> {
    pub(crate) disk: &'a mut Disk,
    pub(crate) tab: usize,
}

impl View<'_> {
    /// Where this stands: in this tab's own storage or in that of all.
    fn place(&self, area: Area, key: &str) -> (Option<usize>, String) {
        ((area == Area::Tab).then_some(self.tab), key.to_owned())
    }
}

impl Store for View<'_> {
    fn get(&self, area: Area, key: &str) -> Option<Value> {
        let record = match area {
            Area::Browser => self.disk.shared.get(key),
            Area::Tab => self.disk.own.get(&(self.tab, key.to_owned())),
        };
        record.filter(|_| !self.disk.is_denied).cloned()
    }

    fn put(&mut self, area: Area, key: &str, value: &Value) -> bool {
        let place = self.place(area, key);
        let disk = &mut *self.disk;
        if disk.is_full || disk.is_denied {
            disk.fail();
            disk.is_fence_down |= key.ends_with(REIGN);
            disk.stale.insert(place);
            return false;
        }
        disk.stale.remove(&place);
        disk.revision += 1;
        match area {
            Area::Browser => disk.shared.insert(key.to_owned(), value.clone()),
            Area::Tab => disk.own.insert((self.tab, key.to_owned()), value.clone()),
        };
        true
    }

    fn remove(&mut self, area: Area, key: &str) -> bool {
        let place = self.place(area, key);
        let disk = &mut *self.disk;
        if disk.is_denied {
            disk.fail();
            disk.stale.insert(place);
            return false;
        }
        disk.stale.remove(&place);
        disk.revision += 1;
        match area {
            Area::Browser => disk.shared.remove(key),
            Area::Tab => disk.own.remove(&(self.tab, key.to_owned())),
        };
        true
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let names = self.disk.shared.keys().filter(|key| !self.disk.is_denied && key.starts_with(prefix));
        names.cloned().collect()
    }
}

fn is_in(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(elements) => elements.iter().any(|element| is_in(element, text)),
        Value::Object(members) => members.iter().any(|(_, member)| is_in(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
