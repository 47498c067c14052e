//! What outlives the process: sessions with their rows, service and guests' tokens, and the generator's state, so that ids
//! are never given twice. Connections, JWTs and quotas do not survive, as they would not survive a restart of the service.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Backend, Credentials, Session};
use crate::random::Random;

#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    random: &'a Random,
    sessions: &'a BTreeMap<String, Session>,
    credentials: &'a Credentials,
}

#[derive(Deserialize)]
struct Saved {
    version: u32,
    random: Random,
    sessions: BTreeMap<String, Session>,
    #[serde(default)]
    credentials: Credentials,
}

const VERSION: u32 = 1;

/// A saved state that this version cannot read.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "unreadable state: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

impl Backend {
    /// Sessions and tokens as JSON, for [`Backend::restore`].
    pub fn save(&self) -> String {
        let (random, sessions, credentials) = (&self.random, &self.sessions, &self.credentials);
        let saving = Saving { version: VERSION, random, sessions, credentials };
        serde_json::to_string(&saving).expect("maps with string keys and plain data are JSON")
    }

    /// Takes over sessions and tokens that an earlier backend saved, instead of its own.
    pub fn restore(&mut self, saved: &str) -> Result<(), Unreadable> {
        let saved: Saved = serde_json::from_str(saved).map_err(|error| Unreadable(error.to_string()))?;
        if saved.version != VERSION {
            return Err(Unreadable(format!("version {}", saved.version)));
        }
        self.sessions = saved.sessions;
        self.credentials = saved.credentials;
        self.random = saved.random;
        Ok(())
    }
}
