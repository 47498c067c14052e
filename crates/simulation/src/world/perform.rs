//! What a page wants done is done, and each doing is held against the rules.

use chat_proto::io::{Event, NetError, Output, Request, RequestId, SocketId};
use chat_proto::json::Value;

use super::{Happening, SOCKETS, TOKEN_URL, World, told_out};

impl World {
    pub(super) fn perform(&mut self, number: u32, outputs: Vec<Output>) {
        for output in outputs {
            let Some(tab) = self.page(number).map(|page| page.tab) else { return };
            if let Some(digest) = &mut self.digest {
                digest.output(number, &output);
            }
            if self.trace.is_some() {
                let words = format!("tab {tab} -> {}", told_out(&output));
                self.note(|| words);
            }
            match output {
                Output::MintToken(id) => {
                    let token = format!("own-{}-{}", self.seed, self.scheduled);
                    self.later(0, Happening::Minted(number, id, token));
                }
                Output::Request(id, request) => {
                    self.watch_request(number, id, &request);
                    self.watch_post(number, &request);
                    let wait = self.one_way();
                    self.ask(wait, number, id, request);
                }
                Output::OpenSocket(id, url) => self.open_socket(number, id, &url),
                Output::SendFrame(id, frame) => self.send_frame(number, id, &frame),
                Output::CloseSocket(id) => self.close_socket(number, id),
                Output::Event(event) => self.show(number, event),
                Output::QueueLock => self.queue_lock(number),
                Output::StealLock => self.steal_lock(number),
                Output::ReleaseLock => self.release_lock(number),
                Output::Post(post) => self.post(number, post),
                Output::LetGo => self.let_go(number),
                Output::Save(_) => self.break_rule("I5", "a tab keeps by itself"),
            }
        }
    }

    /// A question sets out. What is posted counts, so that the time that it takes to get there is part of what it may take.
    fn ask(&mut self, wait: u64, number: u32, id: RequestId, mut request: Request) {
        if !self.habits().has_history {
            if wait >= request.timeout {
                return self.later(request.timeout, Happening::Answer(number, id, Err(NetError::Timeout)));
            }
            request.timeout -= wait;
        }
        self.later(wait, Happening::Ask(number, id, request));
    }

    fn open_socket(&mut self, number: u32, id: SocketId, url: &str) {
        self.watch_open(number);
        self.watch_address(url);
        self.tally.sockets += 1;
        let connection = self.network.add(number, id, url.strip_prefix(SOCKETS).unwrap_or_default());
        self.watch_second(number);
        self.note_opening(number);
        let wait = self.one_way();
        self.later(wait, Happening::Opened(connection));
    }

    fn send_frame(&mut self, number: u32, id: SocketId, frame: &Value) {
        self.tally.frames += 1;
        self.sent_at.push_back(self.now);
        self.watch_frame(number, id, frame);
        let (wait, now) = (self.one_way(), self.now);
        // A browser drops what is sent into a socket that is closing, and says nothing.
        let Some(link) = self.network.of_socket(number, id).filter(|link| !link.is_closing) else { return };
        let (connection, at) = (link.connection, link.departure(now + wait));
        let text = serde_json::to_string(frame).unwrap_or_default();
        self.at(at, Happening::ToBackend(connection, text));
    }

    fn close_socket(&mut self, number: u32, id: SocketId) {
        let now = self.now;
        let mono = self.mono();
        if let Some(page) = self.page(number) {
            page.record.lost_at = mono;
        }
        let Some(link) = self.network.of_socket(number, id) else { return };
        let (connection, at, is_dead) = (link.connection, link.departure(now + 1), link.is_dead);
        self.note_closed(number, connection, is_dead);
        self.network.forget(connection);
        self.watch_second(number);
        self.forget_stragglers(connection);
        // The other end of a dead wire notices much later.
        let late = if is_dead { 20_000 } else { 0 };
        self.at(at + late, Happening::Gone(connection));
    }

    fn show(&mut self, number: u32, event: Event) {
        self.watch_event(number, &event);
        let is_timeline = matches!(event, Event::Timeline(_));
        let Some(page) = self.page(number) else { return };
        if let Err(words) = page.screen.show(event) {
            return self.break_rule("I18", words);
        }
        if is_timeline {
            self.watch_screen(number);
        }
    }
}

/// The request as the rules see it.
pub(super) fn is_for_token(request: &Request) -> bool {
    request.url == TOKEN_URL
}
