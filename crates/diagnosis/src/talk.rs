//! One socket that is opened to see what becomes of it: who speaks first on its wire, what is said, how long is waited, and what that came
//! to. Words in, words out: the shells hold the socket and the clock. On Genesys' own wire the words are [`wire`]'s; on the other five they are the
//! widget's own dialect's, for there is no second source to write them from.
//!
//! Nothing is said that anybody reads, unless a text is given to be written.

use chat_proto::config::Config;
use chat_proto::dialect::{ClientOp, Opening, RowContent, ServerEvent, Speaker, Wire};
use chat_proto::json::Value;
use chat_proto::message::LocalId;
use chat_proto::time::Timestamp;

use crate::observe::End;
use crate::plan::Plan;
use crate::report::quoted;
use crate::wire;

/// How long a socket on which nobody speaks first is watched, in milliseconds.
const SETTLE_MS: u32 = 1_000;

/// A backend that waits for its hello, and drops who does not say it, waits for longer than this, in milliseconds.
const HELLO_PATIENCE_MS: u32 = 4_000;

/// One that waits for the entry into the conversation does so for half a second. Later than this, beyond the time that a word takes to be
/// answered, it has waited; and where a word takes longer than this, nobody can tell.
const ENTER_PATIENCE_MS: u32 = 300;

/// The id of the message that is written, if one is.
const MESSAGE: &str = "diagnosis-1";

/// What a shell is to do, and for how long it is to wait then, in milliseconds.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on waiting.
    Wait,
    /// Wait for so long from now.
    For(u32),
    /// Say this on the socket.
    Say(String, u32),
    /// Ask by HTTP.
    Post(Post, u32),
    /// There is no more to learn.
    Over(End),
}

/// A `POST` of JSON.
#[derive(PartialEq, Eq)]
pub struct Post {
    /// Where.
    pub url: String,
    /// The value of `Authorization`: a token.
    pub authorization: String,
    /// What.
    pub body: String,
}

/// Never prints the token.
impl std::fmt::Debug for Post {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_tuple("Post").field(&self.url).finish()
    }
}

/// What is being waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The answer to the hello, or the server's first word.
    Hello,
    /// The answer to the entry into the conversation.
    Enter,
    /// Whether the socket stays.
    Settle,
    /// The answer to a question by HTTP.
    Post,
    /// The answer to a message.
    Text,
}

/// One socket's talk.
pub struct Talk {
    config: Config,
    speaker: Speaker,
    text: Option<String>,
    /// How long an answer may take.
    patience: u32,
    stage: Stage,
    /// When the last word was said, and how long the hello's answer took.
    said: u32,
    took: u32,
}

impl Talk {
    /// A talk of this plan's, for the token and the ids of a grant. A text is written as a message, into a conversation that is nobody's.
    pub fn new(plan: &Plan, speaker: Speaker, text: Option<&str>, patience: u32) -> Self {
        let text = text.map(str::to_owned);
        Self { config: plan.config.clone(), speaker, text, patience, stage: Stage::Hello, said: 0, took: 0 }
    }

    /// The socket's address. There may be a token in it.
    pub fn url(&self) -> String {
        self.config.dialect().socket_url(&self.config, &self.speaker)
    }

    /// The socket is open. `now` counts in milliseconds, here and below.
    pub fn opened(&mut self, now: u32) -> Next {
        match self.config.dialect().habits().opening {
            Opening::Silence => self.ready(now, None),
            Opening::Greeting => Next::For(self.patience),
            Opening::Hello => {
                let hello = self.encoded(&ClientOp::Hello { start_new: false, trace: None });
                self.say(now, Stage::Hello, hello)
            }
        }
    }

    /// A frame came.
    pub fn heard(&mut self, frame: &Value, now: u32) -> Next {
        if self.is_published() {
            let code = frame.at("code").as_u64().and_then(|code| code.try_into().ok()).unwrap_or_default();
            return wire::heard(frame.at("class").as_str().unwrap_or_default(), code).map_or(Next::Wait, Next::Over);
        }
        for event in self.config.dialect().decode_frame(frame).unwrap_or_default() {
            match event {
                ServerEvent::Conversation(id) => self.speaker.conversation = id,
                ServerEvent::Admitted if self.stage == Stage::Hello => {
                    self.took = now.saturating_sub(self.said);
                    let enter = self.encoded(&ClientOp::Enter);
                    return self.say(now, Stage::Enter, enter);
                }
                ServerEvent::Ready { .. } if matches!(self.stage, Stage::Hello | Stage::Enter) => {
                    return self.ready(now, Some(End::Accepted));
                }
                ServerEvent::TokenExpired => return Next::Over(End::Expired),
                ServerEvent::Refused { code, .. } if self.stage == Stage::Text => return Next::Over(End::Mute(code)),
                ServerEvent::Refused { code, .. } => return Next::Over(End::Error(code)),
                ServerEvent::Row(row) if matches!(row.content, RowContent::Inbound { .. }) => {
                    return Next::Over(End::Accepted);
                }
                _ => {}
            }
        }
        Next::Wait
    }

    /// The socket was closed, and not by us; 1006 without a close handshake.
    pub fn closed(&self, code: u16, now: u32) -> Next {
        let waited = now.saturating_sub(self.said);
        let drops = self.config.dialect().habits().silent_close == code;
        Next::Over(match self.stage {
            // The answer says more.
            Stage::Post => return Next::Wait,
            Stage::Text => End::Mute(code),
            Stage::Enter => {
                let is_late = waited > self.took + ENTER_PATIENCE_MS || self.took > ENTER_PATIENCE_MS;
                End::Unentered { code, is_late }
            }
            Stage::Hello if drops && code == 1006 && waited > HELLO_PATIENCE_MS => End::Unheard(code),
            Stage::Hello | Stage::Settle => End::Closed(code),
        })
    }

    /// The question by HTTP was answered with this status, or could not be asked.
    pub fn answered(&self, status: Option<u16>) -> Next {
        Next::Over(match status {
            None => End::Unposted,
            // What cannot be a message is no message.
            Some(400 | 422) if self.text.is_none() => End::Accepted,
            Some(200..=299) => End::Accepted,
            Some(status) => End::Mute(status),
        })
    }

    /// Nothing came for as long as was to be waited.
    pub fn tired(&self) -> End {
        match self.stage {
            Stage::Hello | Stage::Enter => End::Silent,
            Stage::Settle => End::Accepted,
            Stage::Text if !self.config.dialect().habits().acknowledges => End::Accepted,
            Stage::Text | Stage::Post => End::Mute(0),
        }
    }

    fn is_published(&self) -> bool {
        self.config.dialect().habits().has_own_tokens
    }

    /// Messages could flow. Where one goes by HTTP, something that cannot be one tells whether it would be taken.
    fn ready(&mut self, now: u32, otherwise: Option<End>) -> Next {
        let (id, text) = (LocalId(MESSAGE.into()), self.text.clone());
        let written = Timestamp::default();
        let op = ClientOp::Text { id: &id, attempt: 1, text: text.as_deref().unwrap_or_default(), written };
        match self.config.dialect().encode(&self.config, &self.speaker, "", &op) {
            Some(Wire::Http(request)) => {
                self.stage = Stage::Post;
                let body = request.body.filter(|_| text.is_some());
                let body = body.as_ref().map_or_else(|| "{}".into(), printed);
                let authorization = request.authorization.unwrap_or_default();
                Next::Post(Post { url: request.url, authorization, body }, self.patience)
            }
            Some(Wire::Frame(frame)) if text.is_some() => {
                let next = self.say(now, Stage::Text, printed(&frame));
                // Where nothing is answered, it is taken when the socket stays.
                if self.config.dialect().habits().acknowledges { next } else { with_wait(next, SETTLE_MS) }
            }
            _ => otherwise.map_or_else(
                || {
                    self.stage = Stage::Settle;
                    Next::For(SETTLE_MS)
                },
                Next::Over,
            ),
        }
    }

    fn encoded(&self, op: &ClientOp<'_>) -> String {
        match self.config.dialect().encode(&self.config, &self.speaker, "", op) {
            Some(Wire::Frame(frame)) => printed(&frame),
            Some(Wire::Http(_)) | None => String::new(),
        }
    }

    fn say(&mut self, now: u32, stage: Stage, words: String) -> Next {
        self.stage = stage;
        self.said = now;
        Next::Say(words, self.patience)
    }
}

fn with_wait(next: Next, wait: u32) -> Next {
    if let Next::Say(words, _) = next { Next::Say(words, wait) } else { next }
}

/// As JSON. A frame of these wires is an object of texts.
fn printed(frame: &Value) -> String {
    let Value::Object(members) = frame else { return String::new() };
    let members =
        members.iter().filter_map(|(name, value)| Some([&quoted(name), ":", &quoted(value.as_str()?)].concat()));
    ["{", &members.collect::<Vec<_>>().join(","), "}"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Settings;

    fn talk(dialect: &str, token: &str) -> Talk {
        let settings = Settings {
            deployment_id: Some("d-1".into()),
            endpoint: Some("http://localhost".into()),
            dialect: Some(dialect.into()),
            token_url: Some("https://shop.example/t".into()),
            page_origin: "https://shop.example".into(),
            ..Settings::default()
        };
        let speaker = Speaker { token: token.into(), conversation: "c-1".into(), guest: "g-1".into() };
        Talk::new(&Plan::new(&settings).unwrap(), speaker, None, 10)
    }

    #[test]
    fn nothing_can_break_out_of_the_hello() {
        let hello = r#"{"action":"configureSession","token":"a\"b\\c\n","deploymentId":"d-1","tracingId":"diagnosis"}"#;
        assert_eq!(talk("web-messaging", "a\"b\\c\n").opened(0), Next::Say(hello.into(), 10));
    }

    #[test]
    fn a_drop_behind_the_auth_is_told_by_its_time() {
        let admitted: Value = Value::object([("type", "auth-success".into())]);
        for (took, waited, is_late) in [(50, 60, false), (50, 500, true), (290, 300, false), (400, 410, true)] {
            let mut talk = talk("conversation-socket", "t");
            talk.opened(1_000);
            let join = r#"{"action":"join","conversationId":"c-1"}"#;
            assert_eq!(talk.heard(&admitted, 1_000 + took), Next::Say(join.into(), 10));
            let end = End::Unentered { code: 1006, is_late };
            assert_eq!(talk.closed(1006, 1_000 + took + waited), Next::Over(end), "{took} {waited}");
        }
    }

    #[test]
    fn what_is_posted_without_being_told_to_is_an_empty_object_and_its_token_is_not_printed() {
        let mut talk = talk("external-contacts", "secret");
        talk.opened(0);
        let greeting = Value::object([("type", "greeting".into()), ("contactId", "c-2".into())]);
        let next = talk.heard(&greeting, 0);
        assert!(!format!("{next:?}").contains("secret"), "{next:?}");
        let Next::Post(post, _) = next else { panic!("{next:?}") };
        assert_eq!((post.body.as_str(), post.authorization.as_str()), ("{}", "Bearer secret"));
        assert_eq!(post.url, "http://localhost/api/v2/conversations/messaging/external/contacts/c-2/messages");
    }
}
