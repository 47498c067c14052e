//! The two records of a [`Snapshot`] in storage: the one that all tabs share, and the one that this tab owns.
//!
//! A tab owns its record by holding a Web Lock of the record's name for as long as it lives, so a record whose lock is free was left
//! behind: by this tab before a reload, or by one that was closed. Whoever finds it takes it over, and nobody else can, so no message is
//! sent from two tabs. Nothing is written before the lock is held, and no lock is taken before there is something to write.
//!
//! The tab remembers its record's name in session storage, which survives a reload: that one lock is waited for a moment, because
//! the page before this one may not be quite gone. Without locks (an insecure context) that one record is all that is taken over: a
//! closed tab's messages stay behind then, and a duplicated tab, whose session storage the browser copies, believes that it owns the
//! same record as the first.

use chat_proto::json::Value;
use chat_proto::snapshot::{SharedRecord, Snapshot, TabRecord};

use super::json;
use super::lock::{self, Lock, NoLock};
use super::random;
use super::storage::Storage;

/// How long the page before this one may take to let go of this tab's record, in milliseconds. A duplicated tab waits in vain.
const PATIENCE: u32 = 1_000;

/// What is stored, as far as this tab knows.
pub struct Records {
    local: Storage,
    names: Names,
    shared: Slot,
    own: Option<OwnTab>,
}

/// Under which keys things are stored.
#[derive(Clone)]
pub struct Names {
    /// The shared record; in session storage, this tab's record's own name.
    shared: String,
    /// Before the UUID of each tab's record.
    tabs: String,
}

/// The record that this tab owns.
pub struct OwnTab {
    slot: Slot,
    _lock: Option<Lock>,
}

/// One key, and the text that is known to stand there.
struct Slot {
    key: String,
    text: Option<String>,
}

impl Names {
    /// The names of one deployment.
    pub fn new(deployment_id: &str) -> Self {
        let shared = String::from("guest-chat:") + deployment_id;
        let tabs = shared.clone() + ":tab:";
        Self { shared, tabs }
    }

    /// Gives this tab a record of its own, which nobody has seen yet.
    pub async fn claim(&self) -> OwnTab {
        let key = self.tabs.clone() + &random::uuid();
        let lock = lock::take(&key, 0).await.ok();
        self.remember(Slot { key, text: None }, lock)
    }

    fn remember(&self, slot: Slot, lock: Option<Lock>) -> OwnTab {
        Storage::session().put(&self.shared, &slot.key);
        OwnTab { slot, _lock: lock }
    }
}

impl Records {
    /// Reads what an earlier page kept, and takes over what closed tabs left behind.
    pub async fn restore(names: Names) -> (Self, Snapshot) {
        let local = Storage::local();
        let mine = Storage::session().get(&names.shared);
        let mut own: Option<OwnTab> = None;
        let mut tab = TabRecord::default();
        let mut keys = local.keys(&names.tabs);
        // Its own first: what it wrote itself is what it goes on with.
        if let Some(at) = keys.iter().position(|key| mine.as_ref() == Some(key)) {
            keys.swap(0, at);
        }
        for key in keys {
            let is_mine = mine.as_ref() == Some(&key);
            let lock = match lock::take(&key, if is_mine { PATIENCE } else { 0 }).await {
                Ok(lock) => Some(lock),
                Err(NoLock::Unsupported) if is_mine => None,
                Err(NoLock::Unsupported | NoLock::Taken) => continue,
            };
            // Only now, for until the lock was held its owner could write. One that cannot be read is left to the version that wrote it.
            let mut slot = Slot::read(&local, key);
            let Some(record) = slot.tab() else { continue };
            let Some(own) = &mut own else {
                own = Some(names.remember(slot, lock));
                tab = record;
                continue;
            };
            let left = tab.adopt(record, mine.is_none());
            // Ours first, then away with theirs: whatever happens in between, nothing is lost.
            if own.slot.keep(&local, Some(&tab.to_value())).is_some() {
                let left = (!left.is_empty()).then(|| left.to_value());
                slot.keep(&local, left.as_ref());
            } else {
                // Where theirs cannot be added, ours is what it was, and theirs waits for another tab.
                tab = own.slot.tab().unwrap_or_default();
            }
        }
        let slot = Slot::read(&local, names.shared.clone());
        let shared = slot.value().as_ref().and_then(SharedRecord::from_value);
        (Self { local, names, shared: slot, own }, Snapshot { shared, tab })
    }

    /// The names, if this tab must have a record of its own before it can save this.
    pub fn must_claim(&self, snapshot: &Snapshot) -> Option<Names> {
        let is_needed = self.own.is_none() && self.local.is_there() && !snapshot.tab.is_empty();
        is_needed.then(|| self.names.clone())
    }

    /// From now on this tab owns that record.
    pub fn own(&mut self, tab: OwnTab) {
        self.own = Some(tab);
    }

    /// Writes what has changed. What cannot be written is tried again with the next snapshot. A tab's record does not depend on the
    /// shared one: what the visitor wrote outlives a conversation that is over.
    pub fn save(&mut self, snapshot: &Snapshot) {
        let shared = snapshot.shared.as_ref().map(SharedRecord::to_value);
        self.shared.keep(&self.local, shared.as_ref());
        if let Some(own) = &mut self.own {
            let tab = (!snapshot.tab.is_empty()).then(|| snapshot.tab.to_value());
            own.slot.keep(&self.local, tab.as_ref());
        }
    }

    /// Another tab wrote: the shared record as it is now, if that is what was written.
    pub fn on_stored(&mut self, key: Option<&str>, value: Option<&str>) -> Option<Option<SharedRecord>> {
        match (key, &mut self.own) {
            (Some(key), _) if key != self.shared.key => return None,
            // Everything was cleared: ours is written again with the next snapshot.
            (None, Some(own)) => own.slot.text = None,
            (Some(_) | None, _) => {}
        }
        let record = match value {
            Some(text) => Some(SharedRecord::from_value(&json::parse(text)?)?),
            None => None,
        };
        self.shared.text = value.map(String::from);
        Some(record)
    }
}

impl Slot {
    fn read(local: &Storage, key: String) -> Self {
        Self { text: local.get(&key), key }
    }

    fn value(&self) -> Option<Value> {
        json::parse(self.text.as_ref()?)
    }

    fn tab(&self) -> Option<TabRecord> {
        TabRecord::from_value(&self.value()?)
    }

    /// Lets this stand there, or nothing. What stands there already is not written again. `None` if it could not be done.
    fn keep(&mut self, local: &Storage, value: Option<&Value>) -> Option<()> {
        let text = match value {
            Some(value) => Some(json::print(value)?),
            None => None,
        };
        if text != self.text {
            match &text {
                Some(text) => local.put(&self.key, text)?,
                None => local.remove(&self.key)?,
            }
            self.text = text;
        }
        Some(())
    }
}
