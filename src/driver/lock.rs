//! One Web Lock, held for as long as the value lives. It belongs to the page: the browser lets go of it when the page goes, however it
//! goes. web-sys has the interface behind its unstable flag only, so what is used of it is declared here.

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::object::object;

#[wasm_bindgen]
extern "C" {
    type Navigator;
    #[wasm_bindgen(method, getter)]
    fn locks(this: &Navigator) -> Option<LockManager>;

    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &Object, granted: &Function) -> Result<Requested, JsValue>;

    type Requested;
    #[wasm_bindgen(method, js_name = "catch")]
    fn or_else(this: &Requested, refused: &Function);

    /// Younger than the locks themselves, so it may not be there.
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(milliseconds: u32) -> Result<AbortSignal, JsValue>;
}

/// A lock that is held.
pub struct Lock {
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Resolves the promise that the browser waits for; a promise's own function does not throw.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// Why there is no lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLock {
    /// Somebody holds it.
    Taken,
    /// The browser has no locks for this page: an insecure context, a sandboxed frame.
    Unsupported,
}

/// Takes the lock of that name. If somebody holds it, waits for so many milliseconds, or not at all.
pub async fn take(name: &str, patience: u32) -> Result<Lock, NoLock> {
    let navigator = web_sys::window().map(|window| window.navigator().unchecked_into::<Navigator>());
    let locks = navigator.and_then(|navigator| navigator.locks()).ok_or(NoLock::Unsupported)?;
    let until = if patience > 0 { abort_after(patience).ok() } else { None };
    // The browser takes one or the other.
    let options = match &until {
        Some(until) => object(&[("signal", until.into())]),
        None => object(&[("ifAvailable", JsValue::TRUE)]),
    };

    let (answer, answered, refused) = promise();
    // The lock is held until the promise that the callback returns is settled.
    let (held, release, _) = promise();
    let granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |lock: JsValue| {
        let _ = answered.call1(&JsValue::NULL, &lock);
        held.clone().into()
    });
    match locks.request(name, &options, granted.as_ref().unchecked_ref()) {
        Ok(requested) => requested.or_else(&refused),
        Err(_) => return Err(NoLock::Unsupported),
    }
    match JsFuture::from(answer).await {
        Ok(lock) if lock.is_null() => Err(NoLock::Taken),
        Ok(_) => Ok(Lock { release }),
        Err(_) if until.is_some_and(|until| until.aborted()) => Err(NoLock::Taken),
        Err(_) => Err(NoLock::Unsupported),
    }
}

/// A promise, and the functions that resolve and reject it.
fn promise() -> (Promise, Function, Function) {
    let mut settle = None;
    let promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject)));
    let (resolve, reject) = settle.expect("a promise runs its executor at once");
    (promise, resolve, reject)
}
