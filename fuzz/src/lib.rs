//! What the fuzz targets feed and what must hold, one function a target. Each takes a text, mostly line by line, so that its corpus can
//! be written and read by hand; each panics where a rule is broken. The targets themselves hand a text over and know nothing.

#[path = "../../tests/common/mod.rs"]
pub mod common;

pub mod kept;
pub mod proxy;
pub mod report;
pub mod session;
pub mod simulated;
pub mod wire;
