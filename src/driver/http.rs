//! One HTTP request → its answer. Dropped, it is aborted and says nothing. The time that it may take is kept by the driver's one timer:
//! [`Exchange::deadline`].
//!
//! The browser's `fetch` is called as it is: gloo-net's request would append `&` to a URL that has a query, and panics where a page's
//! own wrapper of `fetch` rejects with something that is no `Error`.

use std::rc::{Rc, Weak};

use chat_proto::io::{Method, NetError, Request, Response};
use chat_proto::time::{Instant, Millis, SECOND, Timestamp};
use js_sys::{JsString, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use super::object::object;
use super::{clock, json, run};

/// The longest answer that is read, in UTF-16 units: 4 Mi. A full page of history is far below one.
const MAX_BODY: u32 = 4 << 20;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &Object) -> Result<Promise, JsValue>;
}

/// A request under way.
pub struct Exchange {
    wanted: Rc<AbortController>,
    deadline: Instant,
}

impl Exchange {
    /// Asks; `on` hears the answer once, if there is one before the value is dropped. `None` if it could not be asked at all.
    pub fn ask(request: &Request, on: impl FnOnce(Result<Response, NetError>) + 'static) -> Option<Self> {
        let wanted = Rc::new(AbortController::new().ok()?);
        let sent = send(request, &wanted).ok()?;
        run(answer(sent, Rc::downgrade(&wanted), on));
        Some(Self { wanted, deadline: clock::mono() + request.timeout })
    }

    /// When it has taken too long.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.wanted.abort();
    }
}

/// What is asked is a plain object: of web-sys' own, each member would be one more function to bring along.
fn send(request: &Request, wanted: &AbortController) -> Result<Promise, JsValue> {
    let body = request.body.as_ref().and_then(json::print);
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let headers = object(&[
        ("Authorization", request.authorization.as_deref().into()),
        ("traceparent", request.trace.as_deref().into()),
        ("Content-Type", body.as_ref().map(|_| "application/json").into()),
    ]);
    let init = object(&[
        ("method", method.into()),
        ("headers", headers.into()),
        ("body", body.into()),
        ("cache", "no-store".into()),
        ("credentials", if request.with_cookies { "same-origin" } else { "omit" }.into()),
        ("signal", wanted.signal().into()),
    ]);
    fetch(&request.url, &init)
}

async fn answer(sent: Promise, wanted: Weak<AbortController>, on: impl FnOnce(Result<Response, NetError>)) {
    let answer = read(sent).await.ok_or(NetError::Failed);
    if wanted.strong_count() > 0 {
        on(answer);
    }
}

/// Redirections have been followed by now. One to a login page arrives as a page of HTML, which is no body.
async fn read(sent: Promise) -> Option<Response> {
    let response: web_sys::Response = JsFuture::from(sent).await.ok()?.dyn_into().ok()?;
    let retry_after =
        header(&response, "Retry-After").and_then(|text| read_retry_after(&text, header(&response, "Date")));
    let body: JsString = JsFuture::from(response.text().ok()?).await.ok()?.dyn_into().ok()?;
    let body = if body.length() <= MAX_BODY { json::parse(&String::from(body)) } else { None };
    Some(Response { status: response.status(), retry_after, body })
}

/// From another origin this reads only what `Access-Control-Expose-Headers` names.
#[inline(never)] // smaller
fn header(response: &web_sys::Response, name: &str) -> Option<String> {
    response.headers().get(name).ok().flatten()
}

/// How long to wait: seconds in digits, or a date (RFC 9110, 10.2.3). That is counted from the answer's own `Date`, if it has one that can be
/// read here: both are then of one clock, and the visitor's may be wrong by days.
pub fn read_retry_after(text: &str, date: Option<String>) -> Option<Millis> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = text.parse::<u64>().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(SECOND));
    }
    let at = read_date(text)?;
    Some(at.since(date.and_then(|date| read_date(&date)).unwrap_or_else(|| clock::now().wall)))
}

/// A date as HTTP writes it. `Date.parse` would also take "-5" for a year; an HTTP date ends in GMT.
#[inline(never)] // smaller
fn read_date(text: &str) -> Option<Timestamp> {
    let time = text.ends_with("GMT").then(|| js_sys::Date::parse(text)).filter(|time| *time >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and dates are bounded")]
    Some(Timestamp(time as u64))
}
