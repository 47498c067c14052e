//! The shell's face: one origin with every wire's socket, REST and config under their real paths, and `/control/*`.
//! Carries bytes; what they mean is the backend's business.

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::shell::Shell;
use crate::wire::Wire;
use crate::{Action, Connection, Delivery, Headers, Request, Response, Settings, control};

/// A frame of the real service is at most 128 KiB (assumed: its gateway's limit). More is no chat.
const FRAME_BYTES: usize = 128 * 1024;
/// How long a client may take to answer our close.
const CLOSE_GRACE: Duration = Duration::from_secs(2);
/// How long a stop waits for answers under way.
const STOP_GRACE: Duration = Duration::from_millis(500);

/// How to start a [`Server`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Port 0 takes any free port.
    pub address: SocketAddr,
    /// How the backend is set up. Its `public_origin` is replaced by the address that is really listened on.
    pub settings: Settings,
    /// Decides ids and draws.
    pub seed: u64,
    /// Where sessions are kept over restarts.
    pub state: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 9000));
        Self { address, settings: Settings::default(), seed: 1, state: None }
    }
}

/// Why a [`Server`] cannot start: a line that names what to change.
#[derive(Debug)]
pub enum CannotStart {
    /// Nobody can listen there.
    Address(SocketAddr, io::Error),
    /// The state file cannot be read or written, or is none.
    State(PathBuf, io::Error),
}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "{address} is already in use; choose another with --port")
            }
            Self::Address(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::State(path, error) => write!(f, "--state {} cannot be used: {error}", path.display()),
        }
    }
}

impl std::error::Error for CannotStart {}

/// The simulator on real sockets.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shell: Arc<Shell>,
}

impl Server {
    /// Listens, and reads the state file. Fails if the port is taken, or if the state cannot be read or would not be kept.
    pub async fn bind(mut options: Options) -> Result<Self, CannotStart> {
        let refused = |error| CannotStart::Address(options.address, error);
        let listener = TcpListener::bind(options.address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let host = if address.ip().is_unspecified() { "127.0.0.1".into() } else { address.ip().to_string() };
        options.settings.public_origin = match address {
            SocketAddr::V4(_) => format!("http://{host}:{}", address.port()),
            SocketAddr::V6(_) => format!("http://[{host}]:{}", address.port()),
        };
        let path = options.state.clone().unwrap_or_default();
        let shell = Shell::new(options.settings, options.seed, options.state);
        let shell = shell.map_err(|error| CannotStart::State(path, error))?;
        Ok(Self { listener, address, shell: Arc::new(shell) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done; then closes every socket with 1001 and returns.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let shell = self.shell;
        let sockets = Wire::SOCKETS.into_iter().fold(Router::new(), |routes, (path, _)| {
            // One of them is a mint as well: only a GET can be an upgrade.
            routes.route(path, get(upgrade).fallback(rest))
        });
        let routes = sockets.nest("/control", control::routes()).fallback(rest).with_state(Arc::clone(&shell));
        let farewell = async {
            stop.await;
            shell.act(|backend, now| backend.close_all(now, 1001, "going away"));
            tokio::time::sleep(STOP_GRACE).await;
        };
        tokio::select! {
            served = axum::serve(self.listener, routes) => served,
            () = shell.keep_time() => Ok(()),
            () = farewell => Ok(()),
        }
    }
}

async fn upgrade(
    State(shell): State<Arc<Shell>>,
    uri: Uri,
    headers: HeaderMap,
    socket: WebSocketUpgrade,
) -> HttpResponse {
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    let origin = text(&headers, header::ORIGIN);
    let (connection, actions) = shell.wire();
    let outcome =
        shell.ask(|backend, now| (Vec::new(), backend.upgrade_to(now, connection, target, origin.as_deref())));
    if let Err(refusal) = outcome {
        shell.unwire(connection);
        let mut response = status(refusal.status).into_response();
        if let Some(value) = refusal.retry_after.and_then(|when| HeaderValue::from_str(&when).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        return response;
    }
    let failed = Arc::clone(&shell);
    socket.max_message_size(FRAME_BYTES).on_failed_upgrade(move |_| failed.unwire(connection)).on_upgrade(
        move |socket| async move {
            converse(&shell, connection, socket, actions).await;
            shell.unwire(connection);
        },
    )
}

/// Carries frames both ways until one side ends it.
async fn converse(
    shell: &Shell,
    connection: Connection,
    mut socket: WebSocket,
    mut actions: UnboundedReceiver<Action>,
) {
    loop {
        tokio::select! {
            action = actions.recv() => match action {
                Some(Action::Send { frame, .. }) => {
                    if socket.send(Message::Text(frame.into())).await.is_err() {
                        return;
                    }
                }
                Some(Action::Close { code, reason, .. }) => return close(socket, code, reason).await,
                // Returning drops the socket: the stream ends without a close frame, which is 1006.
                Some(Action::Drop { .. }) | None => return,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(frame))) => shell.act(|backend, now| backend.receive(now, connection, &frame)),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
}

/// Sends the close frame and waits for the client's, so that the client sees the code and not a reset.
async fn close(mut socket: WebSocket, code: u16, reason: String) {
    // 1005 means "no code was sent", so none is.
    let frame = (code != 1005).then(|| CloseFrame { code, reason: reason.into() });
    let handshake = async {
        if socket.send(Message::Close(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = tokio::time::timeout(CLOSE_GRACE, handshake).await;
}

async fn rest(
    State(shell): State<Arc<Shell>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> HttpResponse {
    let request = Request {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: Headers {
            authorization: text(&headers, header::AUTHORIZATION),
            origin: text(&headers, header::ORIGIN),
        },
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let response = shell.ask(|backend, now| (Vec::new(), backend.request(now, &request)));
    match response.delivery {
        Delivery::Now => {}
        Delivery::After(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Delivery::Never => pending().await,
    }
    on_the_wire(response)
}

fn on_the_wire(response: Response) -> HttpResponse {
    let mut answer = HttpResponse::new(Body::from(response.body));
    *answer.status_mut() = status(response.status);
    for (name, value) in response.headers {
        let name = header::HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// A status that a fault made up may be none.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
