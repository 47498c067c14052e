//! What was under way arrives.

use std::rc::Rc;

use chat_proto::io::{Input, NetError, Request, RequestId, Response, SocketEvent};
use simulator::{Action, Connection, Delivery};

use super::{Arrival, BACKEND, Happening, ORIGIN, TOKEN_URL, World};

impl World {
    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Opened(connection) => self.on_opened(connection),
            Happening::ToBackend(connection, frame) => self.on_frame(connection, &frame),
            Happening::ToPage(connection, arrival) => self.on_arrival(connection, arrival),
            Happening::Gone(connection) => self.backend.disconnect(self.true_wall(), connection),
            Happening::Ask(page, id, request) => self.on_asked(page, id, &request),
            Happening::Answer(page, id, result) => self.on_answer(page, id, result),
            Happening::Minted(page, id, token) => self.hand_in(page, Input::Minted(id, token.into())),
            Happening::Tell(page, input) => {
                // Without locks every page leads, from the record as it is.
                if matches!(input, Input::Lock(_)) {
                    self.forgive_stale();
                    if self.disk.is_denied {
                        self.mourn();
                    }
                }
                self.hand_in(page, input);
            }
            Happening::Heard(page, post) => self.hand_in(page, Input::Heard(Rc::unwrap_or_clone(post))),
            Happening::Granted(page) => self.on_granted(page),
            Happening::Lost(page) => self.on_lost(page),
            Happening::DiskIsWell => self.heal_disk(),
            // The widget begins in it like in a page that was loaded.
            Happening::Back(tab) => drop(self.page_in(tab)),
        }
    }

    /// The page that must hear of this later, because it or the machine does nothing now.
    pub(super) fn deferred_until(&mut self, page: u32) -> Option<u64> {
        let asleep_until = self.asleep_until;
        let until = self.page(page).map_or(0, |page| page.frozen_until).max(asleep_until);
        (until > self.now).then_some(until)
    }

    fn on_opened(&mut self, connection: Connection) {
        let Some(link) = self.network.of_connection(connection) else { return };
        let (page, socket, target) = (link.page, link.socket, link.target.clone());
        if let Some(until) = self.deferred_until(page) {
            return self.put_off(until, Happening::Opened(connection));
        }
        let now = self.true_wall();
        let is_refused = self.is_offline || self.backend.upgrade_to(now, connection, &target, Some(ORIGIN)).is_err();
        if is_refused {
            self.network.forget(connection);
            self.hand_in(page, Input::Socket(socket, SocketEvent::Closed { code: 1006 }));
        } else {
            let now = self.now;
            if let Some(link) = self.network.of_connection(connection) {
                link.opened_at = Some(now);
            }
            self.hand_in(page, Input::Socket(socket, SocketEvent::Opened));
        }
    }

    fn on_frame(&mut self, connection: Connection, frame: &str) {
        if self.is_offline
            && let Some(link) = self.network.of_connection(connection)
        {
            link.is_dead = true;
        }
        if self.network.of_connection(connection).is_some_and(|link| link.is_dead) {
            return;
        }
        let actions = self.backend.receive(self.true_wall(), connection, frame);
        self.look();
        self.act(actions);
    }

    fn on_arrival(&mut self, connection: Connection, arrival: Arrival) {
        let is_offline = self.is_offline;
        let Some(link) = self.network.of_connection(connection) else { return };
        let (page, socket) = (link.page, link.socket);
        let is_closed = matches!(arrival, Arrival::Closed(_));
        link.is_dead |= is_offline;
        if link.is_dead && !is_closed {
            return;
        }
        if let Some(until) = self.deferred_until(page) {
            return self.put_off(until, Happening::ToPage(connection, arrival));
        }
        if let Arrival::Frame(frame) = &arrival {
            self.note_heard(page, frame);
        }
        let event = match arrival {
            Arrival::Frame(frame) => match serde_json::from_str(&frame) {
                Ok(frame) => SocketEvent::Frame(frame),
                Err(_) => SocketEvent::Unreadable,
            },
            Arrival::Closed(code) => {
                self.note_cut_short(connection);
                self.network.forget(connection);
                SocketEvent::Closed { code }
            }
        };
        self.hand_in(page, Input::Socket(socket, event));
    }

    /// What the backend wants done on the wire.
    pub(super) fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            let wait = self.one_way();
            let now = self.now;
            let connection = action.connection();
            let Some(link) = self.network.of_connection(connection) else { continue };
            let at = link.arrival(now + wait);
            let arrival = match action {
                Action::Send { frame, .. } => Arrival::Frame(frame),
                Action::Close { code, .. } => Arrival::Closed(code),
                Action::Drop { .. } => Arrival::Closed(1006),
            };
            self.at(at, Happening::ToPage(connection, arrival));
        }
    }

    /// A question arrives where it is answered.
    fn on_asked(&mut self, page: u32, id: RequestId, request: &Request) {
        let wait = self.one_way();
        let timeout = request.timeout;
        let wait = if self.habits().has_history { wait } else { wait.min(timeout) };
        let never = Happening::Answer(page, id, Err(NetError::Timeout));
        if self.is_offline {
            return self.later(wait, Happening::Answer(page, id, Err(NetError::Failed)));
        }
        let (held, response) = if request.url == TOKEN_URL {
            let now = self.true_wall();
            let answer = self.endpoint.answer(request, &mut self.backend, now);
            match answer.held {
                Some(held) => (held, answer.response),
                None => return self.later(timeout, never),
            }
        } else {
            let Some(target) = request.url.strip_prefix(BACKEND) else {
                return self.break_rule("I15", "something was asked elsewhere");
            };
            let mut asked = simulator::Request::get(target, ORIGIN);
            if let Some(body) = &request.body {
                asked.method = "POST".into();
                asked.body = serde_json::to_string(body).unwrap_or_default();
            }
            asked.headers.authorization.clone_from(&request.authorization);
            let answer = self.backend.request(self.true_wall(), &asked);
            self.look();
            let held = match answer.delivery {
                Delivery::Now => 0,
                Delivery::After(span) => span,
                Delivery::Never => return self.later(timeout, never),
            };
            let retry_after = answer.headers.get("retry-after").and_then(|value| value.parse::<u64>().ok());
            let retry_after = retry_after.map(|seconds| seconds * 1_000);
            let body = serde_json::from_str(&answer.body).ok();
            (held, Response { status: answer.status, retry_after, body })
        };
        if held + wait > timeout {
            return self.later(timeout, never);
        }
        self.later(held + wait, Happening::Answer(page, id, Ok(response)));
    }

    fn on_answer(&mut self, page: u32, id: RequestId, result: Result<Response, NetError>) {
        if let Some(until) = self.deferred_until(page) {
            return self.put_off(until, Happening::Answer(page, id, result));
        }
        // Who has lost the network hears no answer to what was posted.
        let is_lost = self.is_offline && !self.habits().has_history;
        let result = if is_lost { Err(NetError::Failed) } else { result };
        self.watch_answer(page, id, &result);
        self.hand_in(page, Input::Response(id, result));
    }
}
