//! The server side of each wire that the simulator speaks, written from the references alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) mod web_messaging;

// The five of the field.
pub(crate) mod conversation_socket;
pub(crate) mod external_contacts;
pub(crate) mod guest;
pub(crate) mod guest_sessions;
pub(crate) mod guest_webchat;
pub(crate) mod webmessaging_guests;

pub(crate) mod time;

use crate::backend::{Direction, Kind, Row};
use guest::{Ask, Say};

/// How a connection speaks, and so how its conversation is spoken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// Genesys' published guest protocol, at `/v1`. A session is named by the token that the client made up.
    #[default]
    WebMessaging,
    /// Read on a socket, write by POST. A conversation is named by its `contactId`.
    ExternalContacts,
    /// One socket that lives as long as its token. A conversation is named by its `sessionId`.
    GuestSessions,
    /// The token is looked at during the upgrade. Here and below a conversation is named by its `conversationId`.
    GuestWebchat,
    /// A CONNECT frame resumes by ids.
    WebmessagingGuests,
    /// The first frame authenticates, and may do so again.
    ConversationSocket,
}

/// One frame to a client, with the names under which fault rules know it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) names: Vec<&'static str>,
    pub(crate) text: String,
}

impl Wire {
    /// Where sockets are opened.
    pub(crate) const SOCKETS: [(&'static str, Self); 7] = [
        ("/v1", Self::WebMessaging),
        (external_contacts::CONTACTS, Self::ExternalContacts),
        (guest_sessions::SOCKET, Self::GuestSessions),
        (guest_webchat::SOCKET, Self::GuestWebchat),
        (webmessaging_guests::SOCKET, Self::WebmessagingGuests),
        (conversation_socket::SOCKETS[0], Self::ConversationSocket),
        (conversation_socket::SOCKETS[1], Self::ConversationSocket),
    ];

    /// Where guests' tokens are minted.
    const MINTS: [(&'static str, Self); 5] = [
        (external_contacts::CONTACTS, Self::ExternalContacts),
        (guest_sessions::MINT, Self::GuestSessions),
        (guest_webchat::MINT, Self::GuestWebchat),
        (webmessaging_guests::MINT, Self::WebmessagingGuests),
        (conversation_socket::MINT, Self::ConversationSocket),
    ];

    pub(crate) fn of_socket(path: &str) -> Option<Self> {
        Self::SOCKETS.into_iter().find(|(socket, _)| *socket == path).map(|(_, wire)| wire)
    }

    pub(crate) fn of_mint(path: &str) -> Option<Self> {
        Self::MINTS.into_iter().find(|(mint, _)| *mint == path).map(|(_, wire)| wire)
    }

    /// What it calls a conversation's id where it mints.
    pub(crate) fn id_name(self) -> &'static str {
        match self {
            Self::WebMessaging => "token",
            Self::ExternalContacts => "contactId",
            Self::GuestSessions => "sessionId",
            Self::GuestWebchat | Self::WebmessagingGuests | Self::ConversationSocket => "conversationId",
        }
    }

    /// What was accepted, as every connection of its conversation is told. `None` where the wire is silent about it.
    pub(crate) fn accepted(self, conversation: &str, row: &Row) -> Option<Frame> {
        if self == Self::WebMessaging {
            return Some(web_messaging::message(row));
        }
        match row.kind {
            Kind::Message => self.say(&Say::Message { row, conversation }),
            Kind::Disconnect => self.say(&Say::Ended { conversation }),
            Kind::Join | Kind::Clear => None,
        }
    }

    /// In the words of one of the five. `None` where it has none.
    pub(crate) fn say(self, say: &Say) -> Option<Frame> {
        match self {
            Self::WebMessaging => None,
            Self::ExternalContacts => external_contacts::say(say),
            Self::GuestSessions => guest_sessions::say(say),
            Self::GuestWebchat => guest_webchat::say(say),
            Self::WebmessagingGuests => webmessaging_guests::say(say),
            Self::ConversationSocket => conversation_socket::say(say),
        }
    }

    fn read(self, frame: &Value) -> Ask {
        match self {
            Self::WebMessaging | Self::ExternalContacts => Ask::Unknown { id: None },
            Self::GuestSessions => guest_sessions::read(frame),
            Self::GuestWebchat => guest_webchat::read(frame),
            Self::WebmessagingGuests => webmessaging_guests::read(frame),
            Self::ConversationSocket => conversation_socket::read(frame),
        }
    }
}
