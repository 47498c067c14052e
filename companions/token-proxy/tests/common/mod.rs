//! What the tests share: a service called without a socket, and a browser's half of the conversation.
#![allow(dead_code, unreachable_pub, reason = "each test file is a crate and uses its own part of this")]

pub mod api;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{HeaderName, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use token_proxy::{Command, Environment, REFRESH_PATH, router};
use tower::ServiceExt;

pub const PAGE: &str = "https://shop.example";

/// Base64 of 32 bytes that spell a sentence, so that a leak is easy to find in any answer.
pub const KEY: &str = "dGhpcyBpcyB0aGUgcGxhbnRlZCBjb29raWUga2V5ISE=";
pub const KEY_BYTES: &[u8] = b"this is the planted cookie key!!";

/// A service for `PAGE` with the planted key and these further arguments.
pub fn service(args: &[&str]) -> Router {
    service_with_key(KEY, args)
}

pub fn service_with_key(key: &str, args: &[&str]) -> Router {
    let args = ["--origin", PAGE].iter().chain(args).map(|arg| (*arg).to_owned());
    let environment = Environment { key: Some(key.to_owned()), ..Environment::default() };
    match Command::read(args, environment).expect("the test's settings are good") {
        Command::Serve(settings) => router(*settings),
        Command::Help => unreachable!("no test asks for help here"),
    }
}

/// A service that serves all dialects out of this API, with these further arguments.
pub fn minting(api: &api::Api, args: &[&str]) -> Router {
    let args: Vec<_> = ["--origin".to_owned(), PAGE.to_owned()]
        .into_iter()
        .chain(api.arguments())
        .chain(args.iter().map(|arg| (*arg).to_owned()))
        .collect();
    let environment = Environment { key: Some(KEY.to_owned()), client_secret: Some(api::SECRET.to_owned()) };
    match Command::read(args, environment).expect("the test's settings are good") {
        Command::Serve(settings) => router(*settings),
        Command::Help => unreachable!("no test asks for help here"),
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub fn token(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        self.json()["token"].as_str().expect("a grant has a token").to_owned()
    }

    /// The name of the problem, after checking that it is one in the form of RFC 9457.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        for field in ["title", "detail"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {body}");
        }
        let kind = body["type"].as_str().expect("a problem has a type");
        kind.strip_prefix("urn:guest-chat:problem:").expect("our types are URNs").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// What a browser would send back: `name=value` of the one cookie that was set.
    pub fn cookie(&self) -> String {
        let set: Vec<_> = self.headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(set.len(), 1, "one cookie is set");
        let line = set[0].to_str().expect("headers are ASCII");
        line.split(';').next().expect("a cookie starts with its pair").to_owned()
    }

    /// Everything that left the process, for a search.
    pub fn bytes(&self) -> Vec<u8> {
        let mut all = format!("{}\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            all.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
        }
        all.extend(&self.body);
        all
    }
}

pub async fn call(service: &Router, request: Request<Body>) -> Answer {
    let response = service.clone().oneshot(request).await.expect("a router never fails");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("bodies are in memory").to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// A refresh as the page's browser sends it, with another body, cookie or header where given.
pub struct Refresh {
    body: Body,
    headers: Vec<(HeaderName, String)>,
}

pub fn refresh() -> Refresh {
    let fetch_site = HeaderName::from_static("sec-fetch-site");
    let headers = vec![(ORIGIN, PAGE.to_owned()), (fetch_site, "same-origin".to_owned())];
    Refresh { body: Body::empty(), headers }
}

impl Refresh {
    pub fn json(self, body: &Value) -> Refresh {
        self.body(body.to_string())
    }

    /// Asks for a token of this dialect.
    pub fn dialect(self, name: &str) -> Refresh {
        self.json(&json!({ "dialect": name }))
    }

    pub fn new_session(self) -> Refresh {
        self.json(&json!({ "session": "new" }))
    }

    pub fn body(mut self, body: impl Into<Body>) -> Refresh {
        self.body = body.into();
        self
    }

    pub fn cookie(self, pair: &str) -> Refresh {
        self.with("cookie", pair)
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Refresh {
        self.headers.push((HeaderName::from_static(name), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Refresh {
        self.headers.retain(|(kept, _)| kept != name);
        self
    }

    pub async fn send(self, service: &Router) -> Answer {
        let mut request = Request::builder().method(Method::POST).uri(REFRESH_PATH);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        call(service, request.body(self.body).expect("a well-formed request")).await
    }
}

/// Any other request: no origin, no cookie.
pub async fn plain(service: &Router, method: Method, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned()));
    call(service, request.expect("a well-formed request")).await
}
