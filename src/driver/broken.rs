//! What is true after a panic, which is a bug of ours. A wasm instance cannot unwind: a panic is a trap, which leaves what was at work
//! half changed and borrowed. So nothing further runs: every way in asks [`is_broken`] first. Who sees the trap is the loader, for it
//! surfaces as an uncaught error of the page's.

use std::cell::Cell;

thread_local! {
    static BROKEN: Cell<bool> = const { Cell::new(false) };
}

/// Has this instance of the module been given up?
pub fn is_broken() -> bool {
    BROKEN.get()
}

/// Gives this instance of the module up.
pub fn set_broken() {
    BROKEN.set(true);
}
