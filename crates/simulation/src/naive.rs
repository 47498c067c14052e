//! A client as they are usually written, to show that these schedules can break one: after a reconnection it sends what it has first and
//! looks at nothing, it takes a close with 1000 for the end, it keeps nothing across a reload, and it believes an open socket.

use chat_proto::config::Config;
use chat_proto::io::{
    Command, Event, Input, Method, Output, Request, RequestId, Response, SocketEvent, SocketId, TimelineDiff,
};
use chat_proto::json::Value;
use chat_proto::message::{Author, Content, Inbound, Item, ItemKey, LocalId, MessageId, Outbound, SendState};
use chat_proto::phase::ConnectionStatus;
use chat_proto::time::{Instant, Now, SECOND};

pub(crate) struct Naive {
    config: Config,
    seed: u64,
    token: String,
    /// The socket, from the wish for one to its close.
    socket: Option<SocketId>,
    sockets: u32,
    questions: u32,
    is_online: bool,
    is_begun: bool,
    retry_at: Option<Instant>,
    /// Not echoed yet.
    unsent: Vec<String>,
    items: Vec<Item>,
    keys: u64,
    out: Vec<Output>,
}

impl Naive {
    pub(crate) fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            seed,
            token: String::new(),
            socket: None,
            sockets: 0,
            questions: 0,
            is_online: false,
            is_begun: false,
            retry_at: None,
            unsent: Vec::new(),
            items: Vec::new(),
            keys: 0,
            out: Vec::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    pub(crate) fn handle_input(&mut self, now: Now, input: Input) -> Vec<Output> {
        match input {
            Input::Command(Command::Open) => self.begin(),
            Input::Command(Command::Send(text)) => self.send(now, &text),
            Input::Socket(id, event) if self.socket == Some(id) => self.on_socket(now, event),
            Input::Response(_, Ok(Response { status: 200, body: Some(body), .. }))
                if body.at("token").as_text().is_some() =>
            {
                body.at("token").as_str().unwrap_or_default().clone_into(&mut self.token);
                self.open();
            }
            Input::Response(..) => self.retry_at = Some(now.mono + 2 * SECOND),
            Input::Minted(_, token) => {
                self.token = token.0;
                self.open();
            }
            Input::Timeout if self.retry_at.is_some_and(|at| at <= now.mono) => self.connect(),
            _ => {}
        }
        std::mem::take(&mut self.out)
    }

    fn begin(&mut self) {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.connect();
        }
    }

    fn connect(&mut self) {
        self.retry_at = None;
        self.questions += 1;
        let id = RequestId(self.questions);
        self.out.push(match self.config.token_url.clone() {
            Some(url) => Output::Request(
                id,
                Request {
                    method: Method::Post,
                    url,
                    authorization: None,
                    trace: None,
                    body: Some(Value::object([("session", "keep".into())])),
                    with_cookies: true,
                    timeout: 10 * SECOND,
                },
            ),
            None if !self.token.is_empty() => return self.open(),
            None => Output::MintToken(id),
        });
    }

    fn open(&mut self) {
        if self.socket.is_none() {
            self.sockets += 1;
            self.socket = Some(SocketId(self.sockets));
            let url = format!("{}?deploymentId={}", self.config.socket_url, self.config.deployment_id);
            self.out.push(Output::OpenSocket(SocketId(self.sockets), url.into()));
        }
    }

    fn send(&mut self, now: Now, text: &str) {
        self.begin();
        self.show(now, Content::Inbound(own(text, SendState::Queued)));
        self.unsent.push(text.to_owned());
        if self.is_online {
            self.say_text(text);
        }
    }

    fn on_socket(&mut self, now: Now, event: SocketEvent) {
        match event {
            SocketEvent::Opened => {
                let deployment = self.config.deployment_id.as_str().into();
                self.say(&[("action", "configureSession".into()), ("deploymentId", deployment)]);
            }
            SocketEvent::Frame(frame) => self.on_frame(now, &frame),
            SocketEvent::Unreadable => {}
            SocketEvent::Closed { code } => {
                self.socket = None;
                self.set_online(false);
                if code != 1000 {
                    self.retry_at = Some(now.mono + SECOND);
                }
            }
        }
    }

    fn on_frame(&mut self, now: Now, frame: &Value) {
        let body = frame.at("body");
        match (frame.at("class").as_str(), body.at("direction").as_str()) {
            (Some("SessionResponse"), _) => {
                self.set_online(true);
                for text in self.unsent.clone() {
                    self.say_text(&text);
                }
            }
            (Some("StructuredMessage"), Some("Inbound")) => self.on_echo(now, body.at("text").as_str().unwrap_or("")),
            (Some("StructuredMessage"), Some("Outbound")) if body.at("text").as_text().is_some() => {
                let id = MessageId(body.at("id").as_str().unwrap_or_default().into());
                let text = body.at("text").as_str().unwrap_or_default().into();
                self.show(now, Content::Outbound(Outbound { id, author: Author::default(), text, has_more: false }));
            }
            _ => {}
        }
    }

    fn on_echo(&mut self, now: Now, text: &str) {
        if text.is_empty() {
            return;
        }
        let Some(place) = self.unsent.iter().position(|unsent| unsent == text) else {
            return self.show(now, Content::Inbound(own(text, SendState::Sent)));
        };
        self.unsent.remove(place);
        let is_it = |item: &Item| matches!(&item.content, Content::Inbound(message) if message.text == text);
        if let Some(index) = self.items.iter().rposition(is_it) {
            self.items[index].content = Content::Inbound(own(text, SendState::Sent));
            let item = self.items[index].clone();
            self.out.push(Output::Event(Event::Timeline(TimelineDiff::Set { index, item })));
        }
    }

    fn set_online(&mut self, is_online: bool) {
        if self.is_online != is_online {
            self.is_online = is_online;
            let lost = ConnectionStatus::Reconnecting { next_try_in: None };
            let status = if is_online { ConnectionStatus::Online } else { lost };
            self.out.push(Output::Event(Event::Status(status, None)));
        }
    }

    fn show(&mut self, now: Now, content: Content) {
        self.keys += 1;
        let item = Item { key: ItemKey(self.keys), time: now.wall, content };
        let index = self.items.len();
        self.items.push(item.clone());
        self.out.push(Output::Event(Event::Timeline(TimelineDiff::Insert { index, item })));
    }

    fn say_text(&mut self, text: &str) {
        let message = Value::object([("type", "Text".into()), ("text", text.into())]);
        self.say(&[("action", "onMessage".into()), ("message", message)]);
    }

    fn say(&mut self, members: &[(&str, Value)]) {
        let Some(socket) = self.socket else { return };
        let trace = format!("{:x}-{}", self.seed, self.keys);
        let common = [("token", Value::from(self.token.as_str())), ("tracingId", trace.into())];
        let members = members.iter().chain(&common).map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.out.push(Output::SendFrame(socket, Value::Object(members.collect())));
    }
}

fn own(text: &str, state: SendState) -> Inbound {
    Inbound { local_id: Some(LocalId(text.into())), id: None, text: text.into(), state }
}
