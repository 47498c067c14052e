//! `POST …/contacts/{contactId}/messages`: the one text that does not travel over a socket. The faults of a text strike it
//! all the same; its answer is its echo, and the contact's sockets are the connection that goes.

use serde_json::json;

use super::guests::Refused;
use super::{Backend, Connection};
use crate::faults::{Passing, Place};
use crate::http::{Delivery, Request, Response};
use crate::wire::time::iso;
use crate::wire::{Wire, external_contacts as wire};
use crate::{Cut, Effect, Side};

impl Backend {
    pub(super) fn post(&mut self, now: u64, contact: &str, request: &Request) -> Response {
        let passing = Passing { at: Place::Request(&["message", "text"]), token: Some(contact), connection: None };
        let (mut is_lost, mut delivery, mut refusal, mut goodbye) = (false, Delivery::Now, None, None);
        for effect in self.faults.strike(&passing, &mut self.random) {
            match effect {
                Effect::Lose => is_lost = true,
                Effect::Delay { ms, jitter } => {
                    delivery = delivery.and(Delivery::After(ms + self.random.between(0, jitter)));
                }
                Effect::BlackHole { side, ms } => {
                    is_lost |= side != Side::ToClient;
                    delivery = Delivery::Never;
                    for line in self.lines.values_mut().filter(|line| line.token.as_deref() == Some(contact)) {
                        line.black_hole(now, side, ms);
                    }
                }
                Effect::Close { code, reason, cut } => goodbye = Some((cut, code, reason)),
                Effect::Drop { cut } => goodbye = Some((cut, 1006, String::new())),
                Effect::Error { code, message } => {
                    let status = if (400..600).contains(&code) { code } else { 400 };
                    refusal = Some(Response::refusal(status, "fault", &message));
                }
                Effect::TooManyRequests { retry_after } => refusal = Some(refused(&Refused::TooMany(retry_after))),
                Effect::Expire { .. } => self.expire_tokens(now, contact),
                // Nothing comes back on this wire, late or not.
                Effect::HistoryLate { .. } => {}
                other => unreachable!("{other:?} was refused by FaultRule::check"),
            }
        }
        let cut = goodbye.as_ref().map(|(cut, ..)| *cut);
        is_lost |= cut == Some(Cut::BeforeAccept);
        let mut response = match refusal {
            _ if is_lost => Response::empty(504),
            Some(refusal) => refusal,
            None => self.write(now, contact, request),
        };
        if is_lost || cut == Some(Cut::AfterAccept) {
            delivery = Delivery::Never;
        }
        if let Some((_, code, reason)) = goodbye {
            for connection in self.sockets_of(contact) {
                self.cut(connection, code, &reason);
            }
        }
        response.delivery = delivery;
        response
    }

    fn write(&mut self, now: u64, contact: &str, request: &Request) -> Response {
        let grant = self.grant(Wire::ExternalContacts, request.bearer_token().unwrap_or_default()).cloned();
        let owner = grant.as_ref().map_or(contact, |grant| grant.conversation.as_str());
        let silent = match &grant {
            Some(grant) if grant.is_good(now) && grant.allows("conversation:write") => None,
            Some(grant) if grant.is_good(now) => {
                Some(Response::refusal(403, "missing.scope", "conversation:write is missing"))
            }
            _ => Some(Response::refusal(401, "bad.credentials", "Invalid or expired token")),
        };
        if let Some(response) = silent {
            for connection in self.sockets_of(owner) {
                self.part(now, connection, 1000);
            }
            return response;
        }
        let mismatch = || Response::refusal(409, "contact.mismatch", "The contact is not the token's");
        if owner != contact {
            return mismatch();
        }
        match wire::post(&request.body) {
            None => refused(&Refused::Status(400)),
            Some((to, _)) if to != contact => mismatch(),
            Some((_, text)) => match self.take_text(now, contact, None, &text) {
                Ok(id) => Response::json(200, &json!({ "id": id, "timestamp": iso(now) })),
                Err(why) => refused(&why),
            },
        }
    }

    /// What is connected for this contact, even for one that nobody has.
    fn sockets_of(&self, contact: &str) -> Vec<Connection> {
        let theirs = self.lines.iter().filter(|(_, line)| line.token.as_deref() == Some(contact));
        theirs.map(|(&connection, _)| connection).collect()
    }
}

fn refused(why: &Refused) -> Response {
    let (status, code, message) = match why {
        Refused::Status(413) => (413, "message.too.long", "The text is too long"),
        Refused::Status(_) | Refused::Silently(_) => {
            (400, "bad.request", "There is nothing to take, or nobody to take it")
        }
        Refused::TooMany(_) => (429, "too.many.requests", "Rate limit exceeded the maximum"),
    };
    let response = Response::refusal(status, code, message);
    match why {
        Refused::TooMany(Some(seconds)) => response.with("retry-after", seconds.to_string()),
        Refused::TooMany(None) | Refused::Status(_) | Refused::Silently(_) => response,
    }
}
