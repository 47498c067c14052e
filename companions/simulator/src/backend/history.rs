//! `GET /api/v2/webmessaging/messages`: the only way to learn what a dead connection missed. Newest first, by page
//! number, so pages shift when messages arrive in between; and a JWT of a minute's life opens it.

use serde_json::{Value, json};

use super::limits::{MINUTE, SECOND, seconds};
use super::{Backend, Effect, Row};
use crate::http::{Request, Response};
use crate::wire::web_messaging::{View, message_body};

impl Backend {
    /// `getJwt`: a history JWT for the session and its end in epoch seconds.
    pub(super) fn mint_jwt(&mut self, now: u64, token: &str) -> (String, u64) {
        let exp = now / SECOND + self.settings.limits.jwt_seconds;
        let jwt = format!("eyJzaW0iOnRydWV9.{}.{}", self.random.hex32(), self.random.hex32());
        self.jwts.retain(|_, (_, end)| *end > now);
        self.jwts.insert(jwt.clone(), (token.to_owned(), exp * SECOND));
        (jwt, exp)
    }

    /// The session whose history this JWT opens.
    pub(super) fn token_of_jwt(&self, now: u64, jwt: &str) -> Option<&str> {
        self.jwts.get(jwt).filter(|(_, end)| now < *end).map(|(token, _)| token.as_str())
    }

    pub(super) fn history(&mut self, now: u64, request: &Request, effects: &[Effect]) -> Response {
        if self.settings.require_origin && request.headers.origin.is_none() {
            return Response::refusal(403, "forbidden", "Origin header is required");
        }
        let jwt = request.bearer_token().unwrap_or_default();
        let Some(token) = self.token_of_jwt(now, jwt).map(str::to_owned) else {
            return Response::refusal(401, "bad.credentials", "Invalid login credentials.");
        };
        let most = self.settings.limits.page_size;
        let (number, size) = (request.number("pageNumber"), request.number("pageSize"));
        let (Ok(number), Ok(size)) = (number.unwrap_or(Ok(1)), size.unwrap_or(Ok(most))) else {
            return Response::refusal(400, "bad.request", "Page number and size are whole numbers");
        };
        if number == 0 || size == 0 {
            return Response::refusal(400, "bad.request", "Page number and size begin with 1");
        }
        let limit = self.settings.limits.history_per_minute;
        let client_ids = self.settings.history_shows_client_id && !effects.contains(&Effect::HistoryWithoutIds);
        let Some(session) = self.sessions.get_mut(&token) else {
            return Response::refusal(404, "not.found", "Session not found");
        };
        if let Err(wait) = session.histories.take(now, limit, MINUTE) {
            return Response::refusal(429, "too.many.requests", "Rate limit exceeded the maximum")
                .with("retry-after", seconds(wait).to_string());
        }
        let empty = effects.contains(&Effect::HistoryEmpty);
        let rows: Vec<&Row> = session.history(now).rev().filter(|_| !empty).collect();
        let body = |row: &&Row| message_body(row, View::History { client_id: client_ids });
        Response::json(200, &page(&rows, body, number, size.min(most)))
    }
}

/// One page of rows that are newest first. A page beyond the end is empty, not an error.
fn page<T>(rows: &[T], body: impl Fn(&T) -> Value, number: u64, size: u64) -> Value {
    let total = rows.len() as u64;
    let first = (number - 1).saturating_mul(size).min(total);
    let last = first.saturating_add(size).min(total);
    let window = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
    let mut page = json!({
        "pageSize": size,
        "pageNumber": number,
        "total": total,
        "pageCount": total.div_ceil(size),
    });
    page["entities"] = rows[window].iter().map(body).collect();
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_every_row_once_and_end() {
        let rows: Vec<u64> = (0..57).collect();
        let pages: Vec<Value> = (1..=4).map(|number| page(&rows, |row| (*row).into(), number, 25)).collect();
        let seen = pages.iter().flat_map(|page| page["entities"].as_array().unwrap());
        assert_eq!(seen.map(|row| row.as_u64().unwrap()).collect::<Vec<_>>(), rows);
        assert_eq!(pages[0]["pageCount"], 3);
        assert_eq!(pages[3]["entities"], json!([]));
    }
}
