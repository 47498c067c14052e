//! A whole conversation with the simulator on virtual time, into which foreign words are put: whatever they are, what was written is
//! accepted once and in order, and where they mean nothing, all of it.

use chat_proto::config::{Config, Settings};
use chat_proto::dialect::web_messaging::WebMessaging;
use chat_proto::dialect::{Dialect, ServerEvent};
use chat_proto::io::{Command, Input, NetError, Output, RequestId, Response};
use chat_proto::json::Value;
use chat_proto::session::Session;
use chat_proto::snapshot::{SharedRecord, Snapshot, TabRecord};
use chat_proto::time::{Instant, MINUTE, Now, Timestamp};
use simulator::Action;

use crate::common::Rig;
use crate::wire::json;

/// `{…}`: a frame that comes between two messages of the visitor. `T status retry-after body`: an answer of the token endpoint, `K record`
/// what is found in storage; both for a session of their own.
pub fn session(text: &str) {
    let mut frames = Vec::new();
    let mut answers = Vec::new();
    let mut saved = Snapshot::default();
    for line in text.lines().take(20) {
        if let Some(record) = line.strip_prefix("K ").and_then(json) {
            saved.shared = SharedRecord::from_value(&record).or(saved.shared);
            saved.tab = TabRecord::from_value(&record).unwrap_or(saved.tab);
        } else if let Some(answer) = line.strip_prefix("T ") {
            answers.push(answered(answer));
        } else if let Some(frame) = json(line) {
            frames.push((line, frame));
        }
    }
    if !frames.is_empty() {
        converse(&frames);
    }
    if !answers.is_empty() || saved != Snapshot::default() {
        begin(saved, &answers);
    }
}

fn converse(frames: &[(&str, Value)]) {
    let mut rig = Rig::without_endpoint(7).online();
    let mut sent = Vec::new();
    let mut is_harmless = true;
    for (number, (text, frame)) in frames.iter().enumerate() {
        is_harmless &= WebMessaging.decode_frame(frame).is_ok_and(|events| events.iter().all(means_nothing));
        let message = format!("m{number}");
        rig.send(&message);
        sent.push(message);
        let connection = rig.backend.connections().last().map(|it| it.connection);
        if let Some(connection) = connection {
            rig.backend_does(|_, _| vec![Action::Send { connection, frame: (*text).into() }]);
        }
        rig.run_for(1_000);
    }
    rig.run_for(5 * MINUTE);
    let tokens: Vec<String> = rig.backend.sessions().into_iter().map(|session| session.token).collect();
    let accepted: Vec<String> = tokens.iter().flat_map(|token| rig.accepted_of(token)).collect();
    let mut rest = sent.iter();
    assert!(accepted.iter().all(|text| rest.any(|it| it == text)), "twice or out of order: {accepted:?}");
    if is_harmless {
        assert_eq!(accepted, sent, "lost");
    }
}

/// Words that change nothing of what becomes of a message.
fn means_nothing(event: &ServerEvent) -> bool {
    matches!(event, ServerEvent::Typing { .. } | ServerEvent::ProbeAnswered)
}

/// A page with an endpoint that answers so, and then so.
fn begin(saved: Snapshot, answers: &[Result<Response, NetError>]) {
    let config = Config::new(&Settings {
        deployment_id: Some("d".into()),
        region: Some("mypurecloud.ie".into()),
        endpoint: None,
        token_url: Some("https://shop.example/t".into()),
        page_origin: "https://shop.example".into(),
        ..Settings::default()
    });
    let mut session = Session::new(config.expect("a fit configuration"), saved, 7);
    let mut now = Now { mono: Instant(1_000), wall: Timestamp(1_791_190_800_000) };
    let mut answers = answers.iter();
    let mut outputs = session.start(now);
    outputs.append(&mut session.handle_input(now, Input::Command(Command::Open)));
    let mut has_token = false;
    for _ in 0..200 {
        let asked: Vec<(RequestId, String)> = outputs
            .drain(..)
            .filter_map(|output| match output {
                Output::Request(id, request) => Some((id, request.url)),
                Output::OpenSocket(..) => {
                    assert!(has_token, "opened without a token");
                    None
                }
                Output::MintToken(_) => panic!("there is an endpoint"),
                _ => None,
            })
            .collect();
        for (id, url) in asked {
            let answer = if url.ends_with("/t") { answers.next().cloned() } else { Some(Err(NetError::Failed)) };
            let Some(answer) = answer else { return };
            has_token |= answer.as_ref().is_ok_and(|it| {
                (200..300).contains(&it.status)
                    && it.body.as_ref().is_some_and(|body| body.at("token").as_text().is_some())
            });
            outputs.append(&mut session.handle_input(now, Input::Response(id, answer)));
        }
        if outputs.is_empty() {
            // A wait is never longer than a day, and never none at all for ever: the loop ends.
            let Some(at) = session.deadline() else { return };
            now.mono = now.mono.max(at);
            outputs = session.handle_input(now, Input::Timeout);
        }
    }
}

/// `status retry-after body`. `Retry-After` is `-` or a number of milliseconds.
fn answered(line: &str) -> Result<Response, NetError> {
    let mut words = line.splitn(3, ' ');
    let status = words.next().and_then(|word| word.parse().ok()).ok_or(NetError::Failed)?;
    let retry_after = words.next().and_then(|word| word.parse().ok());
    Ok(Response { status, retry_after, body: words.next().and_then(json) })
}
