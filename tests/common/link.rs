//! Which socket of the session is which connection of the backend, and that packets of one direction never overtake each other.

use std::collections::BTreeMap;

use chat_proto::io::SocketId;
use simulator::Connection;

#[derive(Default)]
pub(super) struct Links {
    named: u64,
    links: BTreeMap<SocketId, Link>,
}

struct Link {
    connection: Connection,
    last_arrival: u64,
    last_departure: u64,
}

impl Links {
    pub(super) fn add(&mut self, id: SocketId) {
        self.named += 1;
        let link = Link { connection: Connection(self.named), last_arrival: 0, last_departure: 0 };
        self.links.insert(id, link);
    }

    pub(super) fn forget(&mut self, id: SocketId) {
        self.links.remove(&id);
    }

    pub(super) fn open(&self) -> usize {
        self.links.len()
    }

    pub(super) fn connection(&self, id: SocketId) -> Option<Connection> {
        self.links.get(&id).map(|link| link.connection)
    }

    pub(super) fn socket(&self, connection: Connection) -> Option<SocketId> {
        self.links.iter().find(|(_, link)| link.connection == connection).map(|(id, _)| *id)
    }

    pub(super) fn connections(&self) -> Vec<Connection> {
        self.links.values().map(|link| link.connection).collect()
    }

    /// No links; names go on.
    pub(super) fn reloaded(&self) -> Self {
        Self { named: self.named, links: BTreeMap::new() }
    }

    pub(super) fn arrival(&mut self, id: SocketId, at: u64) -> u64 {
        let Some(link) = self.links.get_mut(&id) else { return at };
        link.last_arrival = link.last_arrival.max(at);
        link.last_arrival
    }

    pub(super) fn departure(&mut self, id: SocketId, at: u64) -> u64 {
        let Some(link) = self.links.get_mut(&id) else { return at };
        link.last_departure = link.last_departure.max(at);
        link.last_departure
    }
}
