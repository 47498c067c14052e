//! What the wires' readers make of any JSON, and the core's small readers of any text.

use chat_proto::config::{Config, Settings};
use chat_proto::dialect::web_messaging::WebMessaging;
use chat_proto::dialect::{DIALECTS, Dialect, Row, RowContent, ServerEvent};
use chat_proto::io::Response;
use chat_proto::json::Value;
use chat_proto::text::{Part, parts};
use chat_proto::time::Timestamp;

/// 9999-12-31T23:59:60Z and the longest fraction: no time that is read is later.
const LAST: u64 = 253_402_300_800_999;

/// Frames, one a line.
pub fn frame(text: &str) {
    for frame in text.lines().filter_map(json) {
        let again = serde_json::to_string(&frame).expect("JSON");
        assert!(alike(&frame, &json(&again).expect("what was written is read")), "{again}");

        for dialect in DIALECTS {
            for event in dialect.decode_frame(&frame).unwrap_or_default() {
                if let ServerEvent::Row(row) = event {
                    hold(&row);
                }
            }
        }
        let read = WebMessaging.decode_frame(&frame);
        assert_eq!(read.is_err(), frame.at("class").as_str().is_none(), "a frame of ours has a class");
        let events = read.unwrap_or_default();
        let told = frame.at("body").at("events").elements().len() + frame.at("message").at("events").elements().len();
        assert!(events.len() <= told.max(1), "more was heard than was said: {events:?}");
        for event in events {
            match event {
                ServerEvent::Row(row) => hold(&row),
                ServerEvent::HistoryKey(key) => assert_ne!(key, ""),
                ServerEvent::Refused { code, .. } => assert!(code >= 300),
                _ => {}
            }
        }
    }
}

/// Answers to a question of history or of the deployment's settings, one a line.
pub fn answer(text: &str) {
    for body in text.lines().filter_map(json) {
        let response = Response { status: 200, retry_after: None, body: Some(body.clone()) };
        for dialect in DIALECTS {
            if let Ok((Some(id), _)) = dialect.decode_sent(&response) {
                assert_ne!(id.0, "");
            }
        }
        if let Some(page) = WebMessaging.decode_history(&response) {
            let entities = body.at("entities").elements();
            assert!(page.page_size > 0 && page.rows.len() <= entities.len());
            page.rows.iter().for_each(hold);
            let live: Vec<Row> = entities.iter().filter_map(said_live).collect();
            for row in live {
                assert!(page.rows.contains(&row), "live and not in history: {row:?}");
            }
        }
        if let Some(deployment) = WebMessaging.decode_deployment(&response) {
            assert_eq!(deployment.is_active, body.at("status").as_str() == Some("Active"));
            assert_ne!(deployment.bot_name.as_deref(), Some(""));
            assert!(deployment.shows_names || deployment.bot_name.is_none(), "a name that is not to be shown");
        }
    }
}

/// Times, messages and the tag's attributes: what the core reads from a text.
pub fn words(text: &str) {
    for line in text.lines() {
        if let Some(time) = Timestamp::parse(line) {
            assert!(time.0 <= LAST, "{line}");
            // The leap second at the very end would be written with a year of five digits.
            let again = if time.0 < LAST - 999 { Timestamp::parse(&written(time)) } else { Some(time) };
            assert_eq!(again, Some(time), "{line}");
        }
    }

    let mut shown = String::new();
    for part in parts(text) {
        match part {
            Part::Text(words) => shown.push_str(words),
            Part::Break => shown.push('\n'),
            Part::Link { text, href } => {
                let is_known = ["http://", "https://", "mailto:", "tel:"]
                    .iter()
                    .any(|scheme| href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
                assert!(is_known, "{href}");
                assert!(!href.contains(|c: char| c.is_whitespace() || c.is_control()), "{href:?}");
                shown.push_str(text);
            }
        }
    }
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    assert_eq!(shown, lines.join("\n"), "the parts are the message");

    let mut fields = text.lines().map(String::from);
    let page_origin = "https://shop.example".to_owned();
    let settings = Settings {
        deployment_id: fields.next(),
        region: fields.next(),
        endpoint: fields.next(),
        token_url: fields.next(),
        dialect: fields.next(),
        socket_url: fields.next(),
        trace: fields.next(),
        post_url: fields.next(),
        page_origin: page_origin.clone(),
    };
    match Config::new(&settings) {
        Err(errors) => assert!(!errors.is_empty()),
        Ok(config) => {
            let (socket_origin, _) = config
                .socket_url
                .split_at(config.socket_url[8..].find('/').map_or(config.socket_url.len(), |at| at + 8));
            for origin in [socket_origin, &config.api_origin, &config.files_origin] {
                let host = origin.split_once("://").expect("an origin").1;
                let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
                assert!(!host.is_empty() && host.chars().all(is_plain), "{origin:?}");
            }
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(!config.deployment_id.is_empty() && config.deployment_id.chars().all(is_plain));
            let token_url = config.token_url.unwrap_or_else(|| page_origin.clone() + "/");
            assert!(token_url.strip_prefix(&page_origin).is_some_and(|rest| rest.starts_with('/')), "{token_url}");
        }
    }
}

/// The core's JSON value, as a browser would hand it in.
pub fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn hold(row: &Row) {
    assert_ne!(row.id.0, "");
    assert!(row.time.is_none_or(|time| time.0 <= LAST));
    match &row.content {
        RowContent::Inbound { text, local_id } => {
            assert_ne!(text, "");
            assert!(local_id.as_ref().is_none_or(|id| !id.0.is_empty()));
        }
        RowContent::Outbound { text, has_more, .. } => assert!(!text.is_empty() || *has_more),
        _ => {}
    }
}

/// The row that this entity is when it comes as a frame that names nobody.
fn said_live(entity: &Value) -> Option<Row> {
    let members = [("class", "StructuredMessage".into()), ("code", 200_u64.into()), ("body", entity.clone())];
    let heard = WebMessaging.decode_frame(&Value::object(members)).expect("it has a class");
    heard.into_iter().find_map(|event| match event {
        ServerEvent::Row(row) => Some(row),
        _ => None,
    })
}

/// The same but for the last bit of a number, which reading decimals may cost.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => (a - b).abs() <= a.abs() * 1e-15,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((name, a), (other, b))| name == other && alike(a, b))
        }
        _ => one == other,
    }
}

/// As the backend writes it. Written apart from what reads it (Hinnant's `civil_from_days`).
fn written(time: Timestamp) -> String {
    let (days, rest) = (time.0 / 86_400_000, time.0 % 86_400_000);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second, milli) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}
