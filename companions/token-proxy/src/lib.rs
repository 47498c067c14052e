//! The site's own endpoint from which the chat widget fetches its guest token.
//!
//! A page cannot be trusted with a credential that it does not need, and a guest's token is one: whoever
//! holds it reads and writes the conversation. So the page asks its *own* origin for it, and this process,
//! standing behind that origin, answers with a grant: an opaque token and how long it is good for.
//! The widget renews the grant before it runs out; the endpoint then says the same token again for as long
//! as the visitor's session lives.
//!
//! **It remembers no visitor.** The session travels in a cookie which only this process can read
//! or write (`session_cookie`), so any number of instances with the same key serve any visitor, and a
//! restart loses nobody. There is no database, no cache and no global; what is kept is when visitors were
//! let in during the last minute.
//!
//! **It lets in no more visitors than the backend does.** Each passes here before he connects, so here is where a
//! crowd that was dropped together can be put in line (`slots`).
//!
//! **It answers its own page alone.** Two signals which a page's script cannot forge say where a request
//! comes from, and each alone can refuse it (`origin`). No answer carries a CORS header, and none may be
//! kept by a cache (`answer`).
//!
//! **It says why it refuses**, as RFC 9457 problem details that name what to change (`problem`), and neither
//! there nor in the log does a token, a cookie or a key ever appear.
//!
//! One request, in the order in which it is treated, is the function `refresh` below: where from, what is asked, for which
//! deployment, which session, when to connect, and the grant. `settings` is the command line; `faults` lets tests make the
//! endpoint fail and is absent unless asked for.

mod answer;
mod ask;
mod faults;
mod grant;
mod origin;
mod problem;
mod session_cookie;
mod settings;
mod slots;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::answer::Outcome;
use crate::ask::{Ask, Wish};
use crate::grant::Grant;
use crate::problem::Problem;
use crate::session_cookie::Session;

pub use crate::ask::DeploymentId;
pub use crate::origin::Origin;
pub use crate::session_cookie::{BadKey, CookieKey};
pub use crate::settings::{Command, Settings, USAGE};
pub use crate::slots::Slots;

/// Where the page asks for its token. The cookie's `Path` covers it.
pub const REFRESH_PATH: &str = "/api/genesys/refresh";

/// Where a load balancer asks whether this process is up.
pub const HEALTH_PATH: &str = "/api/genesys/health";

/// The whole service as a value, so that a test may call it without a socket.
pub fn router(settings: Settings) -> Router {
    let faults = settings.fault_control.then(faults::Desk::new);
    let mut refresh = post(refresh).fallback(|| async { Problem::MethodNotAllowed("POST") });
    if let Some(desk) = &faults {
        refresh = refresh.layer(middleware::from_fn_with_state(desk.clone(), faults::interfere));
    }
    let health = get(health).fallback(|| async { Problem::MethodNotAllowed("GET, HEAD") });

    Router::new()
        .route(REFRESH_PATH, refresh)
        .route(HEALTH_PATH, health)
        .with_state(Arc::new(Service::new(settings)))
        .merge(faults.map(faults::control).unwrap_or_default())
        .fallback(|| async { Problem::NotFound })
        .layer(DefaultBodyLimit::max(ask::BODY_LIMIT))
        .layer(middleware::from_fn(answer::finish))
}

/// Serves until `stop` completes; requests under way are then given [`GRACE`] to end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (tell, told) = oneshot::channel();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        // Nobody listens any more only when the server has ended by itself.
        let _ = tell.send(());
    });
    let out_of_patience = async {
        if told.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = server => ended,
        () = out_of_patience => Ok(()),
    }
}

/// How long a stop waits for requests under way: longer than any honest request takes, and shorter than
/// the 10 s after which container runtimes kill.
pub const GRACE: Duration = Duration::from_secs(5);

/// What the requests of one router share.
struct Service {
    settings: Settings,
    /// One line for each of the deployments; for any that comes along where none is listed, so that strangers cannot make it remember
    /// names of theirs.
    lines: Mutex<Vec<Slots>>,
    started: Instant,
}

impl Service {
    fn new(settings: Settings) -> Service {
        let line = Slots::new(settings.connections_per_minute);
        let lines = Mutex::new(vec![line; settings.deployments.len().max(1)]);
        Service { settings, lines, started: Instant::now() }
    }

    /// How long this visitor has to wait before he connects; `None` if there is no limit.
    fn take_slot(&self, deployment: Option<&DeploymentId>, gives_back: bool) -> Result<Option<Duration>, Problem> {
        if self.settings.connections_per_minute == 0 {
            return Ok(None);
        }
        let listed = self.settings.deployments.iter().position(|listed| Some(listed) == deployment);
        // Whoever panicked with the lock left plain data behind.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (line, now) = (&mut lines[listed.unwrap_or_default()], self.started.elapsed());
        if gives_back {
            line.give_back(now);
        }
        line.take(now).map(Some).ok_or(Problem::LineTooLong)
    }
}

async fn refresh(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Problem> {
    let settings = &service.settings;
    origin::check(request.headers(), &settings.origins)?;
    let cookies = request.headers().clone();
    let ask = Ask::read(request).await?;
    serves(settings, ask.deployment.as_ref())?;

    let cookie = settings.session_cookie(ask.deployment.as_ref());
    let now = unix_seconds();
    let remembered = match ask.session {
        Wish::Keep => cookie.open(&cookies, now),
        Wish::New => None,
    };
    let outcome = if remembered.is_some() { Outcome::Kept } else { Outcome::Started };
    let session = remembered.unwrap_or_else(Session::start);
    let connect_after = if ask.connecting { service.take_slot(ask.deployment.as_ref(), ask.unused)? } else { None };
    let grant = Grant::of(&session, settings.life, connect_after);

    // Sealed anew each time, so that a visitor who keeps coming back is kept.
    Ok((outcome, cookie.seal(&session, now), Json(grant)).into_response())
}

/// Deployments which the operator did not list are none of ours; with no list, any is.
fn serves(settings: &Settings, deployment: Option<&DeploymentId>) -> Result<(), Problem> {
    if settings.deployments.is_empty() {
        return Ok(());
    }
    match deployment {
        Some(id) if settings.deployments.contains(id) => Ok(()),
        Some(_) => Err(Problem::DeploymentNotServed),
        None => Err(Problem::DeploymentMissing),
    }
}

async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

fn unix_seconds() -> u64 {
    // A clock before 1970 makes every cookie look young, which is the harmless side.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
