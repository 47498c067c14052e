//! The Guest Chat widget: the core of `chat-proto`, driven in a browser and shown in a shadow root. It exists on `wasm32` only; on the
//! host this crate is empty, so that host tests compile neither Leptos nor a binding.
//!
//! A word of the visitor's goes down this list and the answer comes back up it. Each module knows the ones that it names here, and no
//! other:
//! - [`api`]: what the page can say and hear. Puts the parts together; JavaScript values end here.
//! - [`ui`]: components that show the store and say commands. Knows no socket, no token and no rule of the protocol.
//! - [`store`]: the conversation as signals. Mirrors the core's events; decides nothing.
//! - [`driver`]: hands the core what happens and performs what it answers. The only one that does IO; knows no Leptos.
//! - `strings`: every visible word.
//!
//! What is decided is decided in `chat_proto::session`, which none of this runs inside of: it returns what is to be done.
#![cfg(target_arch = "wasm32")]

pub mod api;

pub mod ui;

pub mod store;

pub mod driver;

mod strings;

/// Smaller than the standard one; see ARCHITECTURE.md, Bytes.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
