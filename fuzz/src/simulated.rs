//! What the simulator is told by a page and by a test: frames, questions, faults, settings, and the sessions that an earlier one saved.

use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT, FaultRule, Request, Settings};

const ORIGIN: &str = "https://shop.example";

/// `{…}` is a frame, `GET target` a question, `F rule` a fault, `S settings` settings, `R sessions` what was saved, a number so many
/// milliseconds.
pub fn backend(text: &str) {
    let (mut now, connection) = (1_700_000_000_000, Connection(1));
    let mut backend = Backend::new(Settings::quiet(), 7);
    backend.upgrade(now, connection, DEMO_DEPLOYMENT, Some(ORIGIN)).expect("the demo's exists");
    let hello = format!(r#"{{"action":"configureSession","token":"t","deploymentId":"{DEMO_DEPLOYMENT}"}}"#);
    hold(&backend.receive(now, connection, &hello));
    for line in text.lines() {
        now += 100;
        if let Some(rule) = line.strip_prefix("F ") {
            let rule: Option<FaultRule> = serde_json::from_str(rule).ok();
            if let Some(rule) = rule.filter(|rule| rule.check().is_ok()) {
                let written = serde_json::to_string(&rule).expect("JSON");
                assert!(serde_json::from_str::<FaultRule>(&written).is_ok(), "{written}");
                backend.inject(rule);
            }
        } else if let Some(settings) = line.strip_prefix("S ") {
            if let Ok(settings) = serde_json::from_str::<Settings>(settings) {
                backend.set_settings(settings);
            }
        } else if let Some(saved) = line.strip_prefix("R ") {
            if backend.restore(saved).is_ok() {
                let again = backend.save();
                assert!(backend.restore(&again).is_ok() && backend.save() == again, "{again}");
            }
        } else if let Some(target) = line.strip_prefix("GET ") {
            let jwt = target.split_once(' ');
            let request = Request::get(jwt.map_or(target, |(target, _)| target), ORIGIN);
            let answer = backend.request(now, &jwt.map_or(request.clone(), |(_, jwt)| request.bearer(jwt)));
            assert!((100..600).contains(&answer.status), "{}", answer.status);
        } else if let Ok(span) = line.parse::<u32>() {
            now += u64::from(span);
        } else {
            hold(&backend.receive(now, connection, line));
        }
        hold(&backend.advance(now));
    }
}

fn hold(actions: &[Action]) {
    for action in actions {
        if let Action::Send { frame, .. } = action {
            let frame: serde_json::Value = serde_json::from_str(frame).expect("the backend speaks JSON");
            assert!(frame.get("class").is_some(), "{frame}");
        }
    }
}
