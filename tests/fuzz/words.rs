//! What a backend and an endpoint may say: now and then as documented, mostly nearly so, and sometimes anything.

use chat_proto::io::{NetError, Response};
use chat_proto::json::Value;

use super::{Fuzz, TOKEN};

impl Fuzz {
    fn value(&mut self, depth: u32) -> Value {
        match self.d.roll(if depth == 0 { 9 } else { 11 }) {
            0 => Value::Null,
            1 => Value::Bool(self.d.chance(50)),
            2 => Value::Number(-1.0),
            3 => Value::Number(1e300),
            4 => Value::Number(f64::NAN),
            5 => Value::String("".into()),
            6 => Value::String("true".into()),
            7 => Value::from("2026-10-05T09:00:00.120Z"),
            8 => Value::Number(self.d.roll(100) as f64),
            9 => {
                let n = self.d.roll(4);
                (0..n).map(|_| self.value(depth - 1)).collect()
            }
            _ => {
                let n = self.d.roll(4);
                Value::Object((0..n).map(|_| (self.name(), self.value(depth - 1))).collect())
            }
        }
    }
    fn name(&mut self) -> String {
        [
            "class",
            "code",
            "body",
            "type",
            "tracingId",
            "direction",
            "text",
            "events",
            "eventType",
            "typing",
            "presence",
            "channel",
            "time",
            "id",
            "messageId",
            "connected",
            "readOnly",
            "newSession",
            "jwt",
            "metadata",
            "retryAfter",
            "entities",
            "pageCount",
        ][self.d.roll(23) as usize]
            .into()
    }
    fn trace(&mut self) -> Value {
        if self.ids.is_empty() || self.d.chance(20) {
            let p = ["", "hello-x", "signal-x", "key-x", "end-x", "junk", "a.b.c"][self.d.roll(7) as usize];
            return p.into();
        }
        let i = self.d.roll(self.ids.len() as u64) as usize;
        self.ids[i].as_str().into()
    }
    fn row(&mut self) -> Value {
        let dir = ["Inbound", "Outbound", "Sideways"][self.d.roll(3) as usize];
        let id = format!("r{}", self.d.roll(60));
        let time = match self.d.roll(5) {
            0 => Value::Null,
            1 => "9999-12-31T23:59:59.999Z".into(),
            2 => Value::Number(-5.0),
            _ => format!("2026-10-05T09:{:02}:{:02}.000Z", self.d.roll(60), self.d.roll(60)).into(),
        };
        let tr = self.trace();
        if self.d.chance(25) {
            let p = ["Join", "Disconnect", "SignIn", "?"][self.d.roll(4) as usize];
            let ro = self.d.chance(50);
            return Value::object([
                ("id", id.into()),
                ("direction", dir.into()),
                ("type", "Event".into()),
                ("channel", Value::object([("time", time)])),
                (
                    "events",
                    Value::from([Value::object([
                        ("eventType", "Presence".into()),
                        ("presence", Value::object([("type", p.into())])),
                    ])]),
                ),
                ("metadata", Value::object([("readOnly", ro.into())])),
            ]);
        }
        Value::object([
            ("id", id.into()),
            ("direction", dir.into()),
            ("type", "Text".into()),
            ("text", format!("t{}", self.d.roll(5)).into()),
            ("channel", Value::object([("time", time)])),
            ("metadata", Value::object([("id", tr)])),
        ])
    }
    pub(super) fn frame(&mut self) -> Value {
        let tr = self.trace();
        match self.d.roll(16) {
            0..=3 => Value::object([
                ("class", "SessionResponse".into()),
                ("code", 200u64.into()),
                ("tracingId", tr),
                (
                    "body",
                    Value::object([
                        ("connected", self.d.chance(85).into()),
                        ("newSession", self.d.chance(40).into()),
                        ("readOnly", self.d.chance(25).into()),
                    ]),
                ),
            ]),
            4..=6 => {
                let b = self.row();
                Value::object([
                    ("class", "StructuredMessage".into()),
                    ("code", 200u64.into()),
                    ("tracingId", tr),
                    ("body", b),
                ])
            }
            7 | 8 => Value::object([
                ("class", "JwtResponse".into()),
                ("code", 200u64.into()),
                ("body", Value::object([("jwt", "k".into())])),
            ]),
            9 => {
                let c = ["SessionExpiredEvent", "ConnectionClosedEvent", "LogoutEvent", "SessionClearedEvent"]
                    [self.d.roll(4) as usize];
                if self.d.chance(70) {
                    return Value::Null;
                }
                Value::object([("class", c.into()), ("code", 200u64.into())])
            }
            10..=12 => {
                let c = [429u64, 4006, 4007, 4011, 409, 401, 403, 500, 408, 400, 4029, 70_000, 302]
                    [self.d.roll(13) as usize];
                if c == 4006 && self.d.chance(60) {
                    return Value::Null;
                }
                let after = match self.d.roll(4) {
                    0 => Value::Null,
                    1 => Value::Number(1e300),
                    2 => Value::Number(-3.0),
                    _ => Value::Number(3.0),
                };
                Value::object([
                    ("class", "string".into()),
                    ("code", c.into()),
                    ("tracingId", tr),
                    ("body", Value::object([("retryAfter", after), ("errorMessage", "x".into())])),
                ])
            }
            13 => Value::object([
                ("class", "StructuredMessage".into()),
                ("code", 200u64.into()),
                (
                    "body",
                    Value::object([
                        ("direction", "Outbound".into()),
                        ("type", "Event".into()),
                        (
                            "events",
                            Value::from([Value::object([
                                ("eventType", "Typing".into()),
                                ("typing", Value::object([("type", "On".into()), ("duration", Value::Number(1e18))])),
                            ])]),
                        ),
                    ]),
                ),
            ]),
            _ => self.value(4),
        }
    }
    pub(super) fn response(&mut self, url: &str) -> Result<Response, NetError> {
        if self.d.chance(10) {
            return Err(NetError::Failed);
        }
        if self.d.chance(5) {
            return Err(NetError::Timeout);
        }
        let retry_after = match self.d.roll(8) {
            0 => Some(u64::MAX),
            1 => Some(253_402_300_799_000),
            2..=3 => Some(0),
            4 => Some(u64::MAX - 1),
            _ => None,
        };
        let status = if self.d.chance(70) {
            200
        } else {
            [0, 204, 301, 401, 403, 404, 408, 425, 429, 500, 503, 65535][self.d.roll(12) as usize]
        };
        let body = if self.d.chance(8) {
            self.value(4)
        } else if url.ends_with("/t") {
            let life = match self.d.roll(7) {
                0 => Value::from("18446744073709551615"),
                1 => Value::Number(1e300),
                2 => Value::Number(1.0),
                3 => Value::Number(5.0),
                4 => Value::Number(0.0),
                _ => Value::Number(300.0),
            };
            Value::object([("token", TOKEN.into()), ("expires_in", life)])
        } else if url.contains("messages") {
            let n = [0, 1, 5, 25, 40][self.d.roll(5) as usize];
            let rows: Vec<Value> = (0..n).map(|_| if self.d.chance(5) { self.value(3) } else { self.row() }).collect();
            Value::object([
                ("entities", rows.into_iter().collect()),
                ("pageNumber", self.d.roll(4).into()),
                ("pageCount", self.d.roll(6).into()),
                ("pageSize", self.d.roll(30).into()),
            ])
        } else {
            Value::object([
                ("status", "Active".into()),
                (
                    "messenger",
                    Value::object([(
                        "apps",
                        Value::object([(
                            "conversations",
                            Value::object([
                                ("showUserTypingIndicator", true.into()),
                                ("autoStart", Value::object([("enabled", self.d.chance(50).into())])),
                            ]),
                        )]),
                    )]),
                ),
            ])
        };
        // Now and then it is no JSON.
        Ok(Response { status, retry_after, body: Some(body).filter(|body| *body != Value::Null) })
    }
}
