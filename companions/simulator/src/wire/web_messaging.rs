//! The server side of Genesys' published guest protocol: flat JSON frames in, enveloped JSON frames out. Remembers
//! nothing.

mod incoming;
mod outgoing;

pub(crate) use incoming::{Ask, Incoming, Message, Said, parse};
pub(crate) use outgoing::{
    View, Welcome, bare_event, configuration, error, jwt, message, message_body, pong, session, session_over, too_many,
    typing,
};
