//! Why a chat is dead: [`Observations`] in, a [`Report`] out.
//!
//! Two shells look, and neither judges: `companions/doctor` on a command line, `www/diagnose.js` in the page. What they saw they put
//! down here as plain data; which cause that speaks for is decided in one place, [`rules`], and said in one form, [`report`].
//!
//! Knows no clock, no network and no browser. Knows no secret either: there is no field that a token or a message would fit into, and
//! whatever text comes from outside is reduced to a word of ours, a number or a host name on its way in.
//!
//! # Reading order
//! [`plan`] (where to look), [`observe`] (what can be seen there), [`talk`] (what is said on a socket, and what it comes to), [`wire`] (the
//! same on Genesys' own wire), [`note`] (the page's way to put things down), [`rules`] (the causes), [`report`], [`journal`].

pub mod journal;
pub mod note;
pub mod observe;
#[cfg(target_arch = "wasm32")]
pub mod page;
pub mod plan;
pub mod report;
pub mod rules;
pub mod talk;
pub mod wire;

pub use observe::Observations;
pub use report::Report;
