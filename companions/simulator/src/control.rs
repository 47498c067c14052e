//! `/control/*`: what tests in other processes see and pull. JSON in, JSON out; no CORS, for no page has any business
//! here.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shell::Shell;
use crate::{Action, Backend, Connection, FaultRule};

type Shared = State<Arc<Shell>>;

pub(crate) fn routes() -> Router<Arc<Shell>> {
    Router::new()
        .route("/health", get(health))
        .route("/transcript", get(transcript))
        .route("/connections", get(connections))
        .route("/sessions", get(sessions))
        .route("/faults", get(faults).post(inject).delete(clear_faults))
        .route("/agent", post(pull))
        .route("/settings", get(settings).post(patch_settings))
        .route("/reset", post(reset))
}

async fn health(State(shell): Shared) -> Json<Value> {
    Json(shell.look(|backend| {
        json!({
            "ok": true,
            "connections": backend.connections().len(),
            "sessions": backend.sessions().len(),
        })
    }))
}

#[derive(Deserialize)]
struct OfToken {
    token: Option<String>,
}

/// What was really accepted, oldest first. Without a token: of the newest session.
async fn transcript(State(shell): Shared, Query(of): Query<OfToken>) -> Json<Value> {
    Json(shell.look(|backend| {
        let token = of.token.or_else(|| newest(backend)).unwrap_or_default();
        json!(backend.transcript(&token))
    }))
}

async fn connections(State(shell): Shared) -> Json<Value> {
    Json(shell.look(|backend| json!(backend.connections())))
}

async fn sessions(State(shell): Shared) -> Json<Value> {
    Json(shell.look(|backend| json!(backend.sessions())))
}

async fn faults(State(shell): Shared) -> Json<Value> {
    Json(
        shell
            .look(|backend| backend.faults().map(|(rule, struck)| json!({ "rule": rule, "struck": struck })).collect()),
    )
}

/// One rule or a list of rules; all are taken or none.
async fn inject(State(shell): Shared, body: String) -> Result<Json<Value>, Refused> {
    let rules = match read(&body)? {
        Value::Array(rules) => rules,
        rule => vec![rule],
    };
    let rules: Vec<FaultRule> = rules.into_iter().map(checked).collect::<Result<_, _>>()?;
    let injected = rules.len();
    shell.act(|backend, _| {
        for rule in rules {
            backend.inject(rule);
        }
        Vec::new()
    });
    Ok(Json(json!({ "injected": injected })))
}

fn checked(rule: Value) -> Result<FaultRule, Refused> {
    let rule: FaultRule = serde_json::from_value(rule)?;
    rule.check().map_err(Refused)?;
    Ok(rule)
}

async fn clear_faults(State(shell): Shared) -> StatusCode {
    shell.act(|backend, _| {
        backend.clear_faults();
        Vec::new()
    });
    StatusCode::NO_CONTENT
}

/// One lever. Without a token it is the newest session's.
#[derive(Deserialize)]
struct Pull {
    token: Option<String>,
    #[serde(flatten)]
    lever: Lever,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Lever {
    Say {
        text: String,
        #[serde(default)]
        bot: bool,
    },
    Type,
    Queue {
        position: u32,
        #[serde(default)]
        wait_seconds: u64,
    },
    Disconnect {
        #[serde(default = "yes")]
        read_only: bool,
    },
    Expire {
        #[serde(default = "yes")]
        announce: bool,
    },
    Clear,
    Logout,
    Evict,
    Close {
        connection: Connection,
        #[serde(default = "normal")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
    CloseAll {
        #[serde(default = "normal")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
}

fn yes() -> bool {
    true
}

fn normal() -> u16 {
    1000
}

impl Lever {
    fn pull(self, backend: &mut Backend, now: u64, token: &str) -> Vec<Action> {
        match self {
            Self::Say { text, bot: false } => backend.agent_says(now, token, &text),
            Self::Say { text, bot: true } => backend.bot_says(now, token, &text),
            Self::Queue { position, wait_seconds } => backend.queue(now, token, position, wait_seconds),
            Self::Type => backend.agent_types(now, token),
            Self::Disconnect { read_only } => backend.disconnect_conversation(now, token, read_only),
            Self::Expire { announce } => backend.expire(now, token, announce),
            Self::Clear => backend.clear(now, token),
            Self::Logout => backend.logout(now, token),
            Self::Evict => backend.evict(now, token),
            Self::Close { connection, code, reason } => backend.close(now, connection, code, &reason),
            Self::CloseAll { code, reason } => backend.close_all(now, code, &reason),
        }
    }
}

async fn pull(State(shell): Shared, body: String) -> Result<Json<Value>, Refused> {
    let Pull { token, lever } = read(&body)?;
    let performed = shell.ask(|backend, now| {
        let token = token.or_else(|| newest(backend)).unwrap_or_default();
        let actions = lever.pull(backend, now, &token);
        let performed = actions.len();
        (actions, performed)
    });
    Ok(Json(json!({ "performed": performed })))
}

async fn settings(State(shell): Shared) -> Json<Value> {
    Json(shell.look(|backend| json!(backend.settings())))
}

/// A JSON merge patch: objects are merged, everything else is replaced.
async fn patch_settings(State(shell): Shared, body: String) -> Result<StatusCode, Refused> {
    let mut settings = shell.look(|backend| json!(backend.settings()));
    merge(&mut settings, read(&body)?);
    let settings = serde_json::from_value(settings)?;
    shell.act(|backend, _| {
        backend.set_settings(settings);
        Vec::new()
    });
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(State(shell): Shared) -> StatusCode {
    shell.reset();
    StatusCode::NO_CONTENT
}

/// The token of the session that was created last.
fn newest(backend: &Backend) -> Option<String> {
    backend.sessions().pop().map(|session| session.token)
}

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

/// The body as JSON, whatever its content type: `curl -d` needs no header.
fn read<T: for<'de> Deserialize<'de>>(body: &str) -> Result<T, Refused> {
    Ok(serde_json::from_str(body)?)
}

/// What was asked makes no sense: 400 and the reason.
struct Refused(String);

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}
