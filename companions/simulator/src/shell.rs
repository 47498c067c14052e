//! What the server's tasks share: the backend behind a lock, the real clock, who is connected, and the state file.
//! Decides nothing; it only makes sure that what is accepted is on disk before anybody is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{Action, Backend, Connection, Settings};

pub(crate) struct Shell {
    desk: Mutex<Desk>,
    names: AtomicU64,
    rearm: Notify,
    state: Option<PathBuf>,
    /// What `reset` goes back to.
    settings: Settings,
    seed: u64,
}

/// Everything that must change together.
struct Desk {
    backend: Backend,
    wires: HashMap<Connection, UnboundedSender<Action>>,
    saved: u64,
    now: u64,
}

impl Shell {
    /// Fails where the state cannot be read, or not be written: that nothing is kept would show at the next start only.
    pub(crate) fn new(settings: Settings, seed: u64, state: Option<PathBuf>) -> io::Result<Self> {
        let mut backend = Backend::new(settings.clone(), seed);
        if let Some(saved) = state.as_deref().map(load).transpose()?.flatten() {
            backend.restore(&saved).map_err(io::Error::other)?;
        }
        if let Some(path) = &state {
            replace(path, &backend.save())?;
        }
        let desk = Desk { saved: backend.revision(), backend, wires: HashMap::new(), now: 0 };
        Ok(Self { desk: Mutex::new(desk), names: AtomicU64::new(1), rearm: Notify::new(), state, settings, seed })
    }

    /// A new connection: its name, and the actions that will be meant for it.
    pub(crate) fn wire(&self) -> (Connection, UnboundedReceiver<Action>) {
        let connection = Connection(self.names.fetch_add(1, Ordering::Relaxed));
        let (wire, actions) = unbounded_channel();
        self.lock().wires.insert(connection, wire);
        (connection, actions)
    }

    /// The connection is gone, or never came to be.
    pub(crate) fn unwire(&self, connection: Connection) {
        self.lock().wires.remove(&connection);
        self.act(|backend, now| {
            backend.disconnect(now, connection);
            Vec::new()
        });
    }

    /// Does something to the backend, saves, and performs what came of it.
    pub(crate) fn act(&self, what: impl FnOnce(&mut Backend, u64) -> Vec<Action>) {
        self.ask(|backend, now| (what(backend, now), ()));
    }

    /// The same, with an answer.
    pub(crate) fn ask<T>(&self, what: impl FnOnce(&mut Backend, u64) -> (Vec<Action>, T)) -> T {
        let answer = self.step(what);
        self.rearm.notify_one();
        answer
    }

    /// Looks at the backend without touching it.
    pub(crate) fn look<T>(&self, what: impl FnOnce(&Backend) -> T) -> T {
        what(&self.lock().backend)
    }

    /// Closes everything and begins anew with the settings of the start.
    pub(crate) fn reset(&self) {
        self.act(|backend, now| {
            let parting = backend.close_all(now, 1001, "reset");
            *backend = Backend::new(self.settings.clone(), self.seed);
            parting
        });
        let mut desk = self.lock();
        self.save(&mut desk);
    }

    /// Advances the backend whenever something is due; never returns.
    pub(crate) async fn keep_time(&self) {
        loop {
            let wait = {
                let desk = self.lock();
                let now = desk.clock();
                // Nothing due: look again in an hour, for a machine's sleep may have stretched the wait.
                desk.backend.next_due().map_or(3_600_000, |due| due.saturating_sub(now)).min(3_600_000)
            };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                () = self.rearm.notified() => {}
            }
            self.step(|backend, now| (backend.advance(now), ()));
        }
    }

    fn step<T>(&self, what: impl FnOnce(&mut Backend, u64) -> (Vec<Action>, T)) -> T {
        let mut desk = self.lock();
        desk.now = desk.clock();
        let now = desk.now;
        let (mut actions, answer) = what(&mut desk.backend, now);
        actions.extend(desk.backend.advance(now));
        if desk.backend.revision() != desk.saved {
            self.save(&mut desk);
        }
        for action in actions {
            // A wire that is gone has been noticed by its own task.
            if let Some(wire) = desk.wires.get(&action.connection()) {
                let _ = wire.send(action);
            }
        }
        answer
    }

    fn save(&self, desk: &mut Desk) {
        desk.saved = desk.backend.revision();
        let Some(path) = &self.state else { return };
        if let Err(error) = replace(path, &desk.backend.save()) {
            eprintln!("simulator: cannot save {}: {error}", path.display());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().expect("a panic in the backend is a bug, and then the simulator should fall")
    }
}

impl Desk {
    /// Unix milliseconds that never go back, as the backend wants them.
    fn clock(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(self.now)
    }
}

fn load(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(saved) => Ok(Some(saved)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes beside and renames, so that a kill at any moment leaves the old state or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
