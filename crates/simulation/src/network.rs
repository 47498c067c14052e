//! Which socket of which page is which connection of the backend. Packets of one direction never overtake each other.

use chat_proto::io::SocketId;
use simulator::Connection;

#[derive(Debug, Default)]
pub(crate) struct Network {
    named: u64,
    links: Vec<Link>,
}

/// One socket as its page sees it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) page: u32,
    pub(crate) socket: SocketId,
    /// What was asked for: the path with its query.
    pub(crate) target: String,
    /// When the page was told that it is open, by true time.
    pub(crate) opened_at: Option<u64>,
    /// Nothing gets through any more, and nobody was told.
    pub(crate) is_dead: bool,
    /// It is closing: what is sent is dropped without a word.
    pub(crate) is_closing: bool,
    /// When frames were sent on it in the last minute, by true time.
    pub(crate) sent: Vec<u64>,
    last_arrival: u64,
    last_departure: u64,
}

impl Network {
    pub(crate) fn add(&mut self, page: u32, socket: SocketId, target: &str) -> Connection {
        self.named += 1;
        let connection = Connection(self.named);
        self.links.push(Link {
            connection,
            page,
            socket,
            target: target.to_owned(),
            opened_at: None,
            is_dead: false,
            is_closing: false,
            sent: Vec::new(),
            last_arrival: 0,
            last_departure: 0,
        });
        connection
    }

    pub(crate) fn all(&mut self) -> impl Iterator<Item = &mut Link> {
        self.links.iter_mut()
    }

    pub(crate) fn of_connection(&mut self, connection: Connection) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.connection == connection)
    }

    pub(crate) fn of_socket(&mut self, page: u32, socket: SocketId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.page == page && link.socket == socket)
    }

    pub(crate) fn of_page(&self, page: u32) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |link| link.page == page)
    }

    pub(crate) fn forget(&mut self, connection: Connection) {
        self.links.retain(|link| link.connection != connection);
    }

    /// The connections of a page that is no more.
    pub(crate) fn forget_page(&mut self, page: u32) -> Vec<Connection> {
        let gone = self.links.iter().filter(|link| link.page == page).map(|link| link.connection).collect();
        self.links.retain(|link| link.page != page);
        gone
    }
}

impl Link {
    pub(crate) fn arrival(&mut self, at: u64) -> u64 {
        self.last_arrival = self.last_arrival.max(at);
        self.last_arrival
    }

    pub(crate) fn departure(&mut self, at: u64) -> u64 {
        self.last_departure = self.last_departure.max(at);
        self.last_departure
    }
}
