//! A believable stand-in for Genesys Cloud's guest ("Web Messaging") backend.
//!
//! Written from the protocol references and from nothing else: it shares no code with the widget, so a mistake in one
//! half shows as a disagreement in bytes. Two layers:
//!
//! * [`Backend`] is pure. It is told the time, is handed frames and requests, and returns what to do on the wire. It
//!   knows no clock, no socket and no task, and its only randomness is a seed: the same calls give the same bytes.
//!   Tests drive it on virtual time. It speaks Genesys' published protocol and the five other [`Wire`]s that people in
//!   the field describe; [`Backend::upgrade_to`] tells them apart by their paths.
//! * [`Server`] is the shell: real sockets, the real clock, and `/control/*` for tests in other processes.
//!
//! The driving loop, whoever drives: hand everything that arrives to [`Backend::receive`], [`Backend::request`] and
//! [`Backend::disconnect`], perform the [`Action`]s that come back, and call [`Backend::advance`] no later than
//! [`Backend::next_due`].
//!
//! ```
//! use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT, Settings};
//!
//! let (mut backend, now, connection) = (Backend::new(Settings::quiet(), 42), 1_700_000_000_000, Connection(1));
//! backend.upgrade(now, connection, DEMO_DEPLOYMENT, Some("https://shop.example")).expect("the demo's exists");
//! let hello = format!(r#"{{"action":"configureSession","token":"t","deploymentId":"{DEMO_DEPLOYMENT}"}}"#);
//! let actions = backend.receive(now, connection, &hello);
//! assert!(matches!(&actions[..], [Action::Send { frame, .. }] if frame.contains(r#""newSession":true"#)));
//! ```

// The pure half, in reading order.
mod action;
mod backend;
mod faults;
mod http;
mod random;
mod script;
mod settings;
mod wire;

// The shell.
mod control;
mod server;
mod shell;

pub use action::{Action, Connection, Refusal};
pub use backend::{Accepted, Backend, ConnectionReport, Direction, Kind, SessionReport, Unreadable};
pub use faults::{Cut, Effect, FaultRule, On, Side};
pub use http::{Delivery, Headers, Request, Response};
pub use server::{CannotStart, Options, Server};
pub use settings::{DEMO_DEPLOYMENT, Deployment, Disconnection, Limits, OAuth, Settings};
pub use wire::Wire;
