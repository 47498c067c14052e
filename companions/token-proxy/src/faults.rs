//! Makes the endpoint fail on demand, for browser tests and demos; exists only with `--fault-control`.
//! Works on requests and answers alone, from outside: the rest of the service does not know of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ask::{Ask, BODY_LIMIT, Wish};
use crate::problem::{BadField, Problem};

/// What goes wrong with one refresh. Empty: nothing does. `hang_ms` comes first and goes with any other.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fault {
    /// Wait so many milliseconds before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    hang_ms: Option<u64>,
    /// Answer with this status, 400 to 599, and touch no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// `Retry-After` as it stands, seconds or date; goes with `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    /// Answer 200 with a login page, as a site's session wall does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    html: bool,
    /// Grant for so many seconds instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    life: Option<u64>,
    /// Start another session although the page asks to keep its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<NewToken>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NewToken {
    New,
}

impl Fault {
    fn check(&self) -> Option<BadField> {
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Some(BadField::new("status", "must be 400 to 599"));
        }
        match &self.retry_after {
            Some(_) if self.status.is_none() => Some(BadField::new("retry_after", "goes with status")),
            Some(text) if HeaderValue::from_str(text).is_err() => {
                Some(BadField::new("retry_after", "must be text for a header"))
            }
            _ => None,
        }
    }
}

/// Body of `POST /control/faults`; what is named replaces what was there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    next: Option<VecDeque<Fault>>,
    always: Option<Fault>,
}

/// One refresh, for a test to count. Names no token.
#[derive(Debug, Serialize)]
struct Seen {
    /// Milliseconds since 1970 at which it arrived.
    at_ms: u128,
    /// `keep` or `new` as the page asked; null where the body could not be read.
    session: Option<&'static str>,
    /// Null until it is answered, and for good if the page hung up first.
    status: Option<u16>,
}

/// What is to go wrong, and what came in: shared by all requests of one router. Grows with every
/// request, which a test run can afford.
#[derive(Debug, Default)]
pub(crate) struct Desk(Mutex<Sheet>);

#[derive(Debug, Default)]
struct Sheet {
    /// One for each refresh to come.
    next: VecDeque<Fault>,
    /// For the refreshes after those.
    always: Fault,
    seen: Vec<Seen>,
}

impl Desk {
    pub(crate) fn new() -> Arc<Desk> {
        Arc::default()
    }

    /// Whoever panicked with the lock left plain data behind, which is as good as ever.
    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sheet {
    /// Notes a refresh; says its place in the list and what shall become of it.
    fn arrive(&mut self, session: Option<Wish>) -> (usize, Fault) {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let session = session.map(|wish| match wish {
            Wish::Keep => "keep",
            Wish::New => "new",
        });
        self.seen.push(Seen { at_ms: since_1970.as_millis(), session, status: None });
        (self.seen.len() - 1, self.next.pop_front().unwrap_or_else(|| self.always.clone()))
    }
}

/// The layer around a refresh.
pub(crate) async fn interfere(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Problem::BodyTooLarge.into_response();
    };
    let asked = Ask::parse(&body).ok().map(|ask| ask.session);
    let (place, fault) = desk.sheet().arrive(asked);

    if let Some(ms) = fault.hang_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let response = if let Some(status) = fault.status {
        refuse(status, fault.retry_after)
    } else if fault.html {
        Html("<!doctype html><title>Sign in</title><h1>Please sign in</h1>").into_response()
    } else {
        let body = match fault.token {
            Some(NewToken::New) if asked.is_some() => asking_for_a_new_session(&body),
            _ => body,
        };
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        match fault.life {
            Some(life) => with_life(response, life).await,
            None => response,
        }
    };
    desk.sheet().seen[place].status = Some(response.status().as_u16());
    response
}

fn refuse(status: u16, retry_after: Option<String>) -> Response {
    let status = StatusCode::from_u16(status).expect("checked when it was ordered");
    let mut response = Problem::Fault(status).into_response();
    if let Some(value) = retry_after.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

/// The page's own body with another wish, so that the rest of it counts as ever.
fn asking_for_a_new_session(body: &[u8]) -> Bytes {
    // Readable as an ask and yet no JSON is only the empty body.
    let mut asked: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    if let Some(fields) = asked.as_object_mut() {
        fields.insert("session".into(), "new".into());
    }
    asked.to_string().into()
}

async fn with_life(response: Response, life: u64) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.expect("a grant is short and in memory");
    let mut grant: Value = serde_json::from_slice(&body).expect("a 200 is a grant");
    grant["expires_in"] = life.into();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(grant.to_string()))
}

/// The paths by which a test gives orders and counts.
pub(crate) fn control(desk: Arc<Desk>) -> Router {
    let faults = post(order)
        .get(ordered)
        .delete(forget)
        .fallback(|| async { Problem::MethodNotAllowed("GET, HEAD, POST, DELETE") });
    let requests = get(requests).fallback(|| async { Problem::MethodNotAllowed("GET, HEAD") });
    Router::new().route("/control/faults", faults).route("/control/requests", requests).with_state(desk)
}

async fn order(State(desk): State<Arc<Desk>>, body: Bytes) -> Result<Json<Value>, Problem> {
    let orders: Orders = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadFields(vec![BadField::new("body", error.to_string())]))?;
    let named = orders.next.iter().flatten().chain(&orders.always);
    let bad: Vec<_> = named.filter_map(Fault::check).collect();
    if !bad.is_empty() {
        return Err(Problem::BadFields(bad));
    }
    {
        let mut sheet = desk.sheet();
        if let Some(next) = orders.next {
            sheet.next = next;
        }
        if let Some(always) = orders.always {
            sheet.always = always;
        }
    }
    Ok(ordered(State(desk)).await)
}

async fn ordered(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let sheet = desk.sheet();
    Json(json!({ "next": sheet.next, "always": sheet.always }))
}

async fn forget(State(desk): State<Arc<Desk>>) -> Json<Value> {
    {
        let mut sheet = desk.sheet();
        sheet.next.clear();
        sheet.always = Fault::default();
    }
    ordered(State(desk)).await
}

async fn requests(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let sheet = desk.sheet();
    Json(json!({ "count": sheet.seen.len(), "requests": sheet.seen }))
}
