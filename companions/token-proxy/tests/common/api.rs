//! A stand-in for the API on a socket of this machine, written from what is said of it and not from the proxy: it grants service tokens,
//! mints guests, knows whom it minted, and does as it is told where a test wants something else.
//!
//! While one exists, time stands still but for `advance`: the answers come over a real socket, and a paused clock would
//! otherwise run ahead to every time-out as soon as all wait for it.
#![allow(clippy::unwrap_used, reason = "what is not as a test wants it fails that test")]
#![allow(clippy::needless_pass_by_value, reason = "what a test says, it makes for that")]

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

pub const OAUTH: &str = "/oauth/token";
pub const CLIENT_ID: &str = "planted-client";
/// With characters that base64, URLs and HTML write differently.
pub const SECRET: &str = "S3cret+of/the=client~&planted<0123456789>";
pub const SERVICE_TOKEN: &str = "serv1ce+token/of=the~org&planted<9876543210>";

/// How often this thread turns to its other tasks before a test despairs of them.
pub const PATIENCE: usize = 100_000;

/// The five wires: name, where a guest is minted, and the members that identify him.
pub const WIRES: [(&str, &str, &[&str]); 5] = [
    ("external-contacts", "/api/v2/conversations/messaging/external/contacts", &["contactId"]),
    ("guest-sessions", "/api/v2/guest/sessions/token", &["sessionId"]),
    ("guest-webchat", "/api/v2/guest/conversations/webchat/token", &["conversationId"]),
    ("webmessaging-guests", "/api/v2/conversations/webmessaging/guests", &["conversationId", "guestId"]),
    ("conversation-socket", "/api/v2/conversations/messaging/channels/token", &["conversationId"]),
];

/// A question as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub authorization: String,
    pub content_type: String,
    pub body: String,
}

/// What is answered instead.
#[derive(Clone)]
pub enum Instead {
    Says {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// As ever, but not before there is a permit.
    Later(Arc<Semaphore>),
}

pub fn says(status: u16, body: impl ToString) -> Instead {
    Instead::Says { status, headers: Vec::new(), body: body.to_string() }
}

impl Instead {
    pub fn with(mut self, name: &'static str, value: &str) -> Instead {
        if let Instead::Says { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

pub struct Api {
    pub origin: String,
    told: Arc<Told>,
    /// A blocking task waits for its end, which keeps the clock from running ahead.
    _stopped_clock: std::sync::mpsc::Sender<()>,
}

struct Told {
    asked: Mutex<Vec<Asked>>,
    next: Mutex<HashMap<String, VecDeque<Instead>>>,
    always: Mutex<HashMap<String, Instead>>,
    guests: Mutex<Guests>,
}

struct Guests {
    /// Seconds of a service token, and of a guest's.
    lives: (u64, u64),
    service_tokens: u32,
    minted: u32,
    known: HashSet<String>,
    /// From which number on service tokens are good.
    good_from: u32,
}

impl Api {
    pub async fn start() -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let guests =
            Guests { lives: (86_400, 3_600), service_tokens: 0, minted: 0, known: HashSet::new(), good_from: 1 };
        let told = Arc::new(Told {
            asked: Mutex::default(),
            next: Mutex::default(),
            always: Mutex::default(),
            guests: Mutex::new(guests),
        });
        let router = Router::new().fallback(answer).with_state(told.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        let (stopped_clock, ended) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || ended.recv());
        Api { origin, told, _stopped_clock: stopped_clock }
    }

    pub fn lives(&self, service_token: u64, guest: u64) {
        self.told.guests.lock().unwrap().lives = (service_token, guest);
    }

    /// The next questions to this path are answered so, one each.
    pub fn next(&self, path: &str, instead: impl IntoIterator<Item = Instead>) {
        self.told.next.lock().unwrap().entry(path.to_owned()).or_default().extend(instead);
    }

    pub fn always(&self, path: &str, instead: Instead) {
        self.told.always.lock().unwrap().insert(path.to_owned(), instead);
    }

    pub fn as_ever(&self) {
        self.told.always.lock().unwrap().clear();
    }

    /// No service token that was granted so far is good any more.
    pub fn revoke(&self) {
        let mut guests = self.told.guests.lock().unwrap();
        guests.good_from = guests.service_tokens + 1;
    }

    /// No conversation is known any more.
    pub fn forget_everybody(&self) {
        self.told.guests.lock().unwrap().known.clear();
    }

    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.told.asked.lock().unwrap().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    pub fn times_asked(&self, path: &str) -> usize {
        self.asked(path).len()
    }

    /// Returns once so many questions to the path have arrived, for which a moment of this thread's work is enough.
    pub async fn is_asked(&self, path: &str, times: usize) {
        for _ in 0..PATIENCE {
            if self.times_asked(path) >= times {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{path} was asked {} times and not {times}", self.times_asked(path));
    }

    /// The arguments of a proxy that serves all wires out of it.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--api={}", self.origin), format!("--client-id={CLIENT_ID}")];
        arguments.extend(WIRES.map(|(name, ..)| format!("--dialect={name}")));
        arguments
    }
}

/// What a task comes to without any more time going by.
pub async fn soon<T>(task: JoinHandle<T>) -> T {
    for _ in 0..PATIENCE {
        if task.is_finished() {
            return task.await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    panic!("it still waits");
}

/// The token that follows the number of those granted before: each has the planted words in it.
pub fn service_token(number: u32) -> String {
    format!("{SERVICE_TOKEN}{number}")
}

async fn answer(State(told): State<Arc<Told>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let header = |name| head.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?")).to_owned();
    let body = to_bytes(body, 1 << 20).await.expect("a short question");
    let asked = Asked {
        path: format!("{}{path}", if head.method == "POST" { "" } else { head.method.as_str() }),
        authorization: header("authorization"),
        content_type: header("content-type"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    told.asked.lock().unwrap().push(asked.clone());
    let next = told.next.lock().unwrap().get_mut(&path).and_then(VecDeque::pop_front);
    match next.or_else(|| told.always.lock().unwrap().get(&path).cloned()) {
        Some(Instead::Says { status, headers, body }) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Some(Instead::Later(permits)) => {
            permits.acquire().await.expect("it is never closed").forget();
            as_ever(&told, &asked)
        }
        None => as_ever(&told, &asked),
    }
}

fn as_ever(told: &Told, asked: &Asked) -> Response {
    let mut guests = told.guests.lock().unwrap();
    if asked.path == OAUTH {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{SECRET}"));
        if asked.authorization != format!("Basic {pair}") || asked.body != "grant_type=client_credentials" {
            return refuse(401, json!({ "error": "invalid_client" }));
        }
        guests.service_tokens += 1;
        let token = service_token(guests.service_tokens);
        let grant = json!({ "access_token": token, "token_type": "bearer", "expires_in": guests.lives.0 });
        return axum::Json(grant).into_response();
    }
    let Some((_, _, members)) = WIRES.into_iter().find(|(_, path, _)| *path == asked.path) else {
        return refuse(404, json!({ "status": 404, "code": "not.found", "message": "no such path" }));
    };
    let mut good = guests.good_from..=guests.service_tokens;
    if !good.any(|number| asked.authorization == format!("Bearer {}", service_token(number))) {
        return refuse(401, json!({ "status": 401, "code": "bad.credentials", "message": asked.authorization }));
    }
    let body: Value = serde_json::from_str(&asked.body).expect("a JSON body");
    guests.minted += 1;
    let (token, expires_in) = (format!("guest-token-{}", guests.minted), guests.lives.1);
    let mut grant =
        json!({ "token": token, "expires_in": expires_in, "selfUri": "/api/v2/more", "scopes": ["guest:write"] });
    for member in members {
        let id = match body.get(member).and_then(Value::as_str) {
            Some(known) if guests.known.contains(known) => known.to_owned(),
            Some(_) => {
                return refuse(404, json!({ "status": 404, "code": "not.found", "message": "no such conversation" }));
            }
            None => format!("{member}-{}", guests.minted),
        };
        guests.known.insert(id.clone());
        grant[member] = id.into();
    }
    axum::Json(grant).into_response()
}

fn refuse(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}
