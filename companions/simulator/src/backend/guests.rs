//! Guests on the five wires of the field: how a socket comes to attend its conversation, what ends it without a word, and
//! when a text is taken. How it is said is the wire's own business; transcript, agent and quotas are the sessions'.

use super::guest_line::{AUTH_MS, Guest, JOIN_MS, Stage};
use super::limits::{SECOND, seconds};
use super::line::Line;
use super::session::{Kind, Row};
use super::{Arrival, Backend};
use crate::http::parameter;
use crate::wire::Wire;
use crate::wire::guest::{Ask, Asked, AuthForm, Say};
use crate::{Connection, Refusal};

/// What is promised to whom the scripted agent will answer at once.
const WAIT_SECONDS: u64 = 2;

/// Why something is not carried out.
pub(super) enum Refused {
    /// With this status.
    Status(u16),
    /// Over quota; seconds until there is room, absent only by fault.
    TooMany(Option<u64>),
    /// Without a word: only a close with this code, 1006 for none.
    Silently(u16),
}

impl Backend {
    /// The HTTP upgrade of a socket of any wire. `target` is the path with an optional `?query`, as the client asks for
    /// it. What is said to the newcomer is due at once: call [`Backend::advance`] afterwards. Refused with 404 where
    /// there is no socket.
    pub fn upgrade_to(
        &mut self,
        now: u64,
        connection: Connection,
        target: &str,
        origin: Option<&str>,
    ) -> Result<(), Refusal> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match Wire::of_socket(path) {
            None => Err(Refusal { status: 404, retry_after: None }),
            Some(Wire::WebMessaging) => {
                let deployment = parameter(query, "deploymentId").unwrap_or_default();
                self.upgrade(now, connection, &deployment, origin)
            }
            Some(wire) => self.upgrade_guest(now, connection, wire, parameter(query, "token"), origin),
        }
    }

    fn upgrade_guest(
        &mut self,
        now: u64,
        connection: Connection,
        wire: Wire,
        token: Option<String>,
        origin: Option<&str>,
    ) -> Result<(), Refusal> {
        let grant = token.as_deref().and_then(|token| self.grant(wire, token)).cloned();
        let is_good = grant.as_ref().is_some_and(|grant| grant.is_good(now));
        let may_enter = wire != Wire::GuestWebchat
            || is_good && grant.as_ref().is_some_and(|it| it.allows("guest:read") && it.allows("guest:write"));
        let guest = Guest::new(wire, token);
        let conversation = grant.as_ref().map(|grant| grant.conversation.clone());
        self.admit(
            now,
            connection,
            Arrival { line: Line::of_guest(now, guest), token: conversation.as_deref(), is_welcome: may_enter, origin },
        )?;
        match (wire, grant) {
            (Wire::ExternalContacts, grant) => {
                // A token that nobody knows is greeted like any other, with a contact that nobody has.
                let contact = grant.map_or_else(|| self.random.uuid(), |grant| grant.conversation);
                self.say(now, connection, &Say::Greeting { contact: &contact, now });
                self.attend(now, connection, &contact);
            }
            (Wire::GuestSessions | Wire::GuestWebchat, Some(grant)) if is_good => {
                self.attend(now, connection, &grant.conversation);
                self.arm(connection, grant.ends);
            }
            (Wire::ConversationSocket, _) => self.arm(connection, now + AUTH_MS),
            (Wire::GuestSessions | Wire::GuestWebchat | Wire::WebmessagingGuests | Wire::WebMessaging, _) => {}
        }
        self.leave_out(now);
        Ok(())
    }

    /// Carries out what a guest asks.
    pub(super) fn guest_asks(&mut self, now: u64, connection: Connection, asked: &Asked) {
        self.ring_if_due(now, connection);
        let Some((guest, conversation)) = self.guest(connection) else { return };
        match (guest.wire, guest.stage, &asked.ask) {
            (Wire::WebMessaging | Wire::ExternalContacts, ..) => {}
            (Wire::GuestSessions, Stage::Unknown, _) => self.part(now, connection, 1000),
            (Wire::ConversationSocket, _, Ask::Auth { token, form }) => self.authorize(now, connection, token, *form),
            (Wire::ConversationSocket, Stage::Unknown, _) => self.part(now, connection, 1006),
            (Wire::ConversationSocket, Stage::Authorized, Ask::Join { conversation }) => {
                self.join(now, connection, conversation);
            }
            (Wire::ConversationSocket, _, Ask::Join { conversation: named }) => {
                if conversation.as_ref() == Some(named) {
                    self.say(now, connection, &Say::Joined { conversation: named });
                } else {
                    self.part(now, connection, 1006);
                }
            }
            (Wire::WebmessagingGuests, _, Ask::Connect { conversation, guest, token }) => {
                self.connect(now, connection, conversation, guest, token);
            }
            (_, _, Ask::Text { id, conversation: named, text }) => {
                let taken = self.may_write(now, connection, named.as_deref());
                let taken = taken.and_then(|to| self.take_text(now, &to, id.as_deref(), text));
                if let Err(why) = taken {
                    self.refuse_guest(now, connection, id.as_deref(), &why);
                }
            }
            (_, stage, Ask::Ping) => {
                // A keep-alive is something, and only who says nothing at all behind auth is dropped.
                if stage == Stage::Authorized {
                    self.arm(connection, now + JOIN_MS);
                }
                self.say(now, connection, &Say::Pong);
            }
            (wire, _, Ask::Unknown { id }) if wire != Wire::GuestSessions => {
                self.refuse_guest(now, connection, id.as_deref(), &Refused::Status(400));
            }
            // Typing is counted, and nobody is told. The rest no wire reads that has no answer to it above.
            (_, _, Ask::Typing | Ask::Unknown { .. } | Ask::Connect { .. } | Ask::Auth { .. } | Ask::Join { .. }) => {}
        }
    }

    /// CONNECT: accepted for a token that was used before, too, and that is the trap.
    fn connect(&mut self, now: u64, connection: Connection, conversation: &str, guest: &str, token: &str) {
        let grant = self.grant(Wire::WebmessagingGuests, token);
        let grant = grant.filter(|grant| grant.is_good(now) && grant.conversation == conversation);
        let session = self.sessions.get(conversation).filter(|session| session.guest.as_deref() == Some(guest));
        let resumed = session.map(|session| session.joined);
        let (Some(grant), Some(resumed)) = (grant, resumed) else {
            self.say(now, connection, &Say::Refused { id: None, status: 401, retry_after: None });
            return self.part(now, connection, 1008);
        };
        let stage = if grant.is_used { Stage::Lapsed } else { Stage::Attending };
        self.credentials.use_up(token);
        self.revision += 1;
        self.say(now, connection, &Say::Connected { conversation, resumed });
        self.attend(now, connection, conversation);
        self.come_to(connection, stage, Some(token));
    }

    /// Auth: before the join, or in its place when a token is renewed.
    fn authorize(&mut self, now: u64, connection: Connection, token: &str, form: AuthForm) {
        let Some((guest, conversation)) = self.guest(connection) else { return };
        let grant = self.grant(Wire::ConversationSocket, token).filter(|grant| grant.is_good(now));
        let grant = grant.filter(|grant| conversation.is_none_or(|joined| joined == grant.conversation));
        let Some(ends) = grant.map(|grant| grant.ends) else {
            self.say(now, connection, &Say::AuthFailed);
            return self.part(now, connection, 1006);
        };
        let (stage, until) = match guest.stage {
            Stage::Unknown | Stage::Authorized => (Stage::Authorized, now + JOIN_MS),
            Stage::Attending | Stage::Lapsed => (Stage::Attending, ends),
        };
        self.come_to(connection, stage, Some(token));
        self.arm(connection, until);
        self.say(now, connection, &Say::Authorized(form));
    }

    /// Join: whoever may not listen, or names another conversation, is dropped without a word.
    fn join(&mut self, now: u64, connection: Connection, conversation: &str) {
        let Some((guest, _)) = self.guest(connection) else { return };
        let grant = guest.token.as_deref().and_then(|token| self.grant(guest.wire, token));
        let grant = grant.filter(|grant| grant.conversation == conversation && grant.allows("conversation:read"));
        let Some(ends) = grant.map(|grant| grant.ends) else { return self.part(now, connection, 1006) };
        self.say(now, connection, &Say::Joined { conversation });
        self.attend(now, connection, conversation);
        self.arm(connection, ends);
    }

    /// The connection is told what happens in this conversation from now on. Whoever is the first brings the agent.
    fn attend(&mut self, now: u64, connection: Connection, conversation: &str) {
        if self.guest(connection).is_none() {
            return;
        }
        self.join_session(now, connection, conversation, usize::MAX);
        self.come_to(connection, Stage::Attending, None);
        let Some(session) = self.sessions.get_mut(conversation).filter(|session| !session.joined) else { return };
        session.joined = true;
        self.revision += 1;
        if self.settings.agent && session.is_writable() {
            session.is_queued = true;
            self.queue_moves(now, conversation, 1, WAIT_SECONDS);
            self.agent_hears_join(now, conversation);
        }
    }

    /// The visitor's place in line, where the wire has a word for it.
    pub(super) fn queue_moves(&mut self, now: u64, conversation: &str, position: u32, wait_seconds: u64) {
        self.tell_guests(now, conversation, &Say::Queue { position, wait_seconds });
    }

    /// The conversation to which a text from this connection goes, if it may write at all; `named` is the one that it means.
    fn may_write(&self, now: u64, connection: Connection, named: Option<&str>) -> Result<String, Refused> {
        let known = self.guest(connection).and_then(|(guest, joined)| {
            let joined = joined.filter(|joined| named.is_none_or(|named| named == joined))?;
            let grant = self.grant(guest.wire, guest.token.as_deref()?)?;
            Some((guest, joined, grant))
        });
        let Some((guest, joined, grant)) = known else { return Err(Refused::Status(400)) };
        let lacks = |scope| !grant.allows(scope);
        match guest.wire {
            Wire::GuestSessions if lacks("guest:write") => Err(Refused::Silently(1000)),
            Wire::WebmessagingGuests if guest.stage == Stage::Lapsed || !grant.is_good(now) => {
                Err(Refused::Status(403))
            }
            Wire::ConversationSocket if guest.stage == Stage::Lapsed => Err(Refused::Status(401)),
            Wire::ConversationSocket if lacks("conversation:write") => Err(Refused::Silently(1006)),
            _ => Ok(joined),
        }
    }

    /// Takes a text into the conversation, tells it to whom the wire tells it, and answers with the id that it was given.
    pub(super) fn take_text(
        &mut self,
        now: u64,
        conversation: &str,
        id: Option<&str>,
        text: &str,
    ) -> Result<String, Refused> {
        let limits = &self.settings.limits;
        let (most, quota) = (limits.text_bytes, limits.messages_per_second);
        let session = self.sessions.get_mut(conversation).filter(|session| session.is_writable());
        let Some(session) = session.filter(|_| !text.is_empty()) else { return Err(Refused::Status(400)) };
        if text.len() > most {
            return Err(Refused::Status(413));
        }
        session.messages.take(now, quota, SECOND).map_err(|wait| Refused::TooMany(Some(seconds(wait))))?;
        let row = Row {
            text: Some(text.to_owned()),
            client_id: id.map(str::to_owned),
            ..self.inbound_row(now, Kind::Message)
        };
        let id = row.key().to_owned();
        self.accept(now, conversation, row);
        self.agent_hears_text(now, conversation, text);
        Ok(id)
    }

    /// A frame is not carried out, as this wire has it.
    pub(super) fn refuse_guest(&mut self, now: u64, connection: Connection, id: Option<&str>, why: &Refused) {
        let Some((guest, _)) = self.guest(connection) else { return };
        let (status, retry_after) = match *why {
            Refused::Silently(code) => return self.part(now, connection, code),
            // It has no word for a refusal.
            _ if guest.wire == Wire::GuestSessions => return self.part(now, connection, 1000),
            Refused::Status(status) => (status, None),
            Refused::TooMany(retry_after) => (429, retry_after),
        };
        self.say(now, connection, &Say::Refused { id, status, retry_after });
    }
}
