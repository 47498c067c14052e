//! A place in the line for one Web Lock, held for as long as the value lives. It belongs to the page: the browser lets go of it when the
//! page goes, however it goes. web-sys has the interface behind its unstable flag only, so what is used of it is declared here.

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use super::object::object;

#[wasm_bindgen]
extern "C" {
    type Navigator;
    #[wasm_bindgen(method, getter)]
    fn locks(this: &Navigator) -> Option<LockManager>;

    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &Object, granted: &Function) -> Result<Promise, JsValue>;

    /// A promise whose handler is any function.
    type Requested;
    #[wasm_bindgen(method, js_name = "catch")]
    fn or_else(this: &Requested, refused: &Function);
}

/// A place in the line, and the lock when its turn has come. Dropped, it is given up.
pub struct Place {
    release: Function,
    leave: AbortController,
    _granted: Closure<dyn FnMut(JsValue) -> JsValue>,
}

/// What becomes of a place.
pub struct Waiting {
    /// Its turn has come. Fails if it never will.
    pub granted: JsFuture,
    /// It was given up. Fails if it was stolen.
    pub over: JsFuture,
}

impl Place {
    /// Gets in the line for the lock of that name, or takes it from whoever holds it. `None` if the browser has no locks for this
    /// page: an insecure context, a sandboxed frame.
    pub fn take(name: &str, steals: bool) -> Option<(Self, Waiting)> {
        let navigator = web_sys::window()?.navigator().unchecked_into::<Navigator>();
        let locks = navigator.locks()?;
        let leave = AbortController::new().ok()?;
        // The browser takes one or the other.
        let option = if steals { ("steal", JsValue::TRUE) } else { ("signal", leave.signal().into()) };
        let (granted, answered, refused) = promise();
        // The lock is held until the promise that the callback returns is settled.
        let (held, release, _) = promise();
        let on_granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |lock: JsValue| {
            let _ = answered.call1(&JsValue::NULL, &lock);
            held.clone().into()
        });
        let over = locks.request(name, &object(&[option]), on_granted.as_ref().unchecked_ref()).ok()?;
        // Where the line is refused or left, nothing is granted any more; where it was granted before, that changes nothing.
        over.unchecked_ref::<Requested>().or_else(&refused);
        let waiting = Waiting { granted: JsFuture::from(granted), over: JsFuture::from(over) };
        Some((Self { release, leave, _granted: on_granted }, waiting))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave.abort();
        // Resolves the promise that the browser waits for; a promise's own function does not throw.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// A promise, and the functions that resolve and reject it.
fn promise() -> (Promise, Function, Function) {
    let mut settle = None;
    let promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject)));
    let (resolve, reject) = settle.expect("a promise runs its executor at once");
    (promise, resolve, reject)
}
