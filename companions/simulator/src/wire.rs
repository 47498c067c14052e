//! The server side of each wire that the simulator speaks, written from the reference alone.

pub(crate) mod time;
pub(crate) mod web_messaging;
