//! What the simulator is told by a page and by a test: frames, questions, faults, settings, and the sessions that an earlier one saved.

use simulator::{Action, Backend, Connection, DEMO_DEPLOYMENT, FaultRule, Request, Settings};

const ORIGIN: &str = "https://shop.example";

/// `{…}` is a frame, `GET target` a question, `POST path body` one by the organisation's client, `U target` another connection on which frames
/// go from then on, `F rule` a fault, `S settings` settings, `R sessions` what was saved, a number so many milliseconds. `$token` and `$id`
/// stand for what was minted last.
pub fn backend(text: &str) {
    let (mut now, mut connection) = (1_700_000_000_000, Connection(1));
    let mut minted = Minted::default();
    let mut backend = Backend::new(Settings::quiet(), 7);
    backend.upgrade(now, connection, DEMO_DEPLOYMENT, Some(ORIGIN)).expect("the demo's exists");
    let hello = format!(r#"{{"action":"configureSession","token":"t","deploymentId":"{DEMO_DEPLOYMENT}"}}"#);
    hold(&backend.receive(now, connection, &hello));
    for line in text.lines() {
        now += 100;
        let line = &*minted.put_into(line);
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
        } else if let Some((path, body)) = line.strip_prefix("POST ").and_then(|asked| asked.split_once(' ')) {
            let request = Request::post(path, body);
            let request = match &minted.service {
                Some(token) => request.bearer(token),
                None => request.basic("demo-client", "demo-secret"),
            };
            let answer = backend.request(now, &request);
            assert!((100..600).contains(&answer.status), "{}", answer.status);
            minted.read(&answer.body);
        } else if let Some(target) = line.strip_prefix("U ") {
            connection = Connection(connection.0 + 1);
            if backend.upgrade_to(now, connection, target, Some(ORIGIN)).is_ok() {
                assert!(backend.connections().iter().any(|it| it.connection == connection));
            }
        } else if let Ok(span) = line.parse::<u32>() {
            now += u64::from(span);
        } else {
            hold(&backend.receive(now, connection, line));
        }
        hold(&backend.advance(now));
    }
}

/// What the mints gave.
#[derive(Default)]
struct Minted {
    service: Option<String>,
    token: String,
    id: String,
}

impl Minted {
    fn read(&mut self, body: &str) {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        self.service = text("access_token").or(self.service.take());
        self.token = text("token").unwrap_or_default();
        self.id = ["conversationId", "contactId", "sessionId"].into_iter().find_map(text).unwrap_or_default();
    }

    fn put_into(&self, line: &str) -> String {
        line.replace("$token", &self.token).replace("$id", &self.id)
    }
}

fn hold(actions: &[Action]) {
    for action in actions {
        if let Action::Send { frame, .. } = action {
            let frame: serde_json::Value = serde_json::from_str(frame).expect("the backend speaks JSON");
            let word = ["class", "type", "action"].into_iter().find_map(|name| frame.get(name));
            assert!(word.is_some(), "{frame}");
        }
    }
}
