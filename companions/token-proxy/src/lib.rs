//! The site's own endpoint from which the chat widget fetches its guest token.
//!
//! A page cannot be trusted with a credential that it does not need, and a guest's token is one: whoever
//! holds it reads and writes the conversation. So the page asks its *own* origin for it, and this process,
//! standing behind that origin, answers with a grant: an opaque token and how long it is good for.
//! The widget renews the grant before it runs out; the endpoint then says the same token again for as long
//! as the visitor's session lives.
//!
//! **Where the backend wants tokens of its own, they are minted** (`wire`, `backend`), by a token that this process has for itself
//! (`service_token`) and shows nobody: it is of a type that does not serialize (`secret`), and an answer of the API that has it where the
//! page would see it is thrown away. Whatever the API answers but that, the page hears of it in words of ours (`setback`).
//!
//! **It remembers no visitor.** The session travels in a cookie which only this process can read
//! or write (`session_cookie`), so any number of instances with the same key serve any visitor, and a
//! restart loses nobody. There is no database, no cache and no global; what is kept is when visitors were
//! let in during the last minute, and the token for itself.
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
//! One request, in the order in which it is treated, is the function `refresh` below and then `make_up` or `mint`: where from, what is
//! asked, for which deployment and dialect, which session, when to connect, and the grant. `settings` is the command line; `faults` lets tests make the
//! endpoint fail and is absent unless asked for.

mod answer;
mod ask;
mod grant;
mod origin;
mod problem;
mod session_cookie;
mod settings;
mod slots;

mod address;
mod api;
mod backend;
mod secret;
mod service_token;
mod setback;
mod wire;

mod faults;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::answer::Outcome;
use crate::ask::{Ask, Wish};
use crate::backend::{Backend, Mint};
use crate::grant::Grant;
use crate::problem::Problem;
use crate::session_cookie::{Known, Session};
use crate::wire::Dialect;

pub use crate::ask::DeploymentId;
pub use crate::origin::Origin;
pub use crate::session_cookie::{BadKey, CookieKey};
pub use crate::settings::{Command, Environment, Settings, USAGE};
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
pub const GRACE: Duration = Duration::from_secs(9);

/// What the requests of one router share.
struct Service {
    settings: Settings,
    /// One line for each of the deployments; for any that comes along where none is listed, so that strangers cannot make it remember
    /// names of theirs.
    lines: Mutex<Vec<Slots>>,
    /// Where tokens are minted; none where every dialect that is served has tokens of our own making.
    backend: Option<Backend>,
    started: Instant,
}

impl Service {
    fn new(settings: Settings) -> Service {
        let line = Slots::new(settings.connections_per_minute);
        let lines = Mutex::new(vec![line; settings.deployments.len().max(1)]);
        let backend = settings.backend.clone().map(Backend::new);
        Service { settings, lines, backend, started: Instant::now() }
    }

    /// Whether there is a place for this visitor, if he is about to connect. The one that was of no use to him is another's from now on.
    fn look_at_line(&self, ask: &Ask) -> Result<(), Problem> {
        if !self.has_line_for(ask) {
            return Ok(());
        }
        self.in_line(ask, |line, now| {
            if ask.unused {
                line.give_back(now);
            }
            line.look(now).map(drop).ok_or(Problem::LineTooLong)
        })
    }

    /// How long this visitor has to wait before he connects; `None` if he does not, or there is no limit.
    fn take_slot(&self, ask: &Ask) -> Result<Option<Duration>, Problem> {
        if !self.has_line_for(ask) {
            return Ok(None);
        }
        self.in_line(ask, |line, now| line.take(now).map(Some).ok_or(Problem::LineTooLong))
    }

    fn has_line_for(&self, ask: &Ask) -> bool {
        ask.connecting && self.settings.connections_per_minute > 0
    }

    fn in_line<T>(&self, ask: &Ask, deed: impl FnOnce(&mut Slots, Duration) -> T) -> T {
        let listed = self.settings.deployments.iter().position(|listed| Some(listed) == ask.deployment.as_ref());
        // Whoever panicked with the lock left plain data behind.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        deed(&mut lines[listed.unwrap_or_default()], self.started.elapsed())
    }
}

async fn refresh(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Problem> {
    let settings = &service.settings;
    origin::check(request.headers(), &settings.origins)?;
    let cookies = request.headers().clone();
    let ask = Ask::read(request).await?;
    serves(settings, ask.deployment.as_ref())?;

    match ask.dialect {
        Dialect::WebMessaging => make_up(&service, &ask, &cookies),
        Dialect::Minted(wire) => {
            let backend = service.backend.as_ref().ok_or(Problem::DialectNotServed)?;
            let at = backend.mint_of(wire).ok_or(Problem::DialectNotServed)?;
            mint(&service, backend, at, &ask, &cookies).await
        }
    }
}

/// A token of our own making: the session's, for as long as that lives.
fn make_up(service: &Service, ask: &Ask, cookies: &HeaderMap) -> Result<Response, Problem> {
    let cookie = service.settings.session_cookie(ask);
    let now = unix_seconds();
    let remembered = match ask.session {
        Wish::Keep => cookie.open(cookies, now),
        Wish::New => None,
    };
    let outcome = if remembered.is_some() { Outcome::Kept } else { Outcome::Started };
    let session = remembered.unwrap_or_else(Session::start);
    service.look_at_line(ask)?;
    let connect_after = service.take_slot(ask)?;
    let grant = Grant::of(&session, service.settings.life, connect_after);

    // Sealed anew each time, so that a visitor who keeps coming back is kept.
    Ok((outcome, cookie.seal(&session, now), Json(grant)).into_response())
}

/// A token of the API's making: another one each time, for the conversation that the cookie remembers.
async fn mint(
    service: &Service,
    backend: &Backend,
    at: &Mint,
    ask: &Ask,
    cookies: &HeaderMap,
) -> Result<Response, Problem> {
    let cookie = service.settings.session_cookie(ask);
    let known = match ask.session {
        Wish::Keep => {
            cookie.open(cookies, unix_seconds()).map(|known: Known| known.ids).filter(|ids| at.wire.fits(ids))
        }
        Wish::New => None,
    };
    // Nobody for whom there is no place starts a conversation, and nobody who gets no token takes a place.
    service.look_at_line(ask)?;
    let (minted, is_known) = backend.mint(at, known.as_ref()).await?;
    let grant = Grant::to(&minted, at.wire, is_known, service.take_slot(ask)?);
    let outcome = if is_known { Outcome::Kept } else { Outcome::Started };
    let remember = cookie.seal_known(&Known { ids: minted.ids.clone() }, minted.life, unix_seconds());
    Ok((outcome, remember, Json(grant)).into_response())
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
