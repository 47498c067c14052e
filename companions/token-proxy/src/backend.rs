//! Guests' credentials out of the API: minted with the service token, for a visitor whom the API knows or for a new one. Remembers no
//! visitor. What it hands on is what was asked for and nothing else; an answer that holds a secret of ours there is no answer.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::address::Address;
use crate::api::{Api, DEADLINE};
use crate::secret::Secret;
use crate::service_token::{Client, ServiceToken, ServiceTokens};
use crate::setback::{Question, Setback, Trouble};
use crate::wire::{Guest, Ids, Minted, Wire};

/// What an operator says of the API, and whom it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct BackendSettings {
    /// Where service tokens come from.
    pub(crate) oauth: Address,
    pub(crate) client: Client,
    /// At least one.
    pub(crate) mints: Vec<Mint>,
    pub(crate) guest: Guest,
}

/// A wire that is served, and where its credential is minted.
#[derive(Debug, Clone)]
pub(crate) struct Mint {
    pub(crate) wire: Wire,
    pub(crate) address: Address,
}

/// The API as a mint.
pub(crate) struct Backend {
    api: Arc<Api>,
    service_tokens: ServiceTokens,
    mints: Vec<Mint>,
    guest: Guest,
    /// One for each question that may be under way.
    room: Semaphore,
    /// Until when the API wants to be left alone, and why.
    pause: Mutex<Option<(Instant, Setback)>>,
}

/// So many guests are minted at once; the others wait for their turn. In a crowd, that bounds the connections to the API.
const AT_ONCE: usize = 64;

/// What became of a question.
enum Answer {
    Minted(Minted),
    /// The API knows nobody of these ids (any more).
    Unknown,
}

impl Backend {
    pub(crate) fn new(settings: BackendSettings) -> Backend {
        let BackendSettings { oauth, client, mints, guest } = settings;
        let api = Arc::new(Api::new());
        let (service_tokens, room) = (ServiceTokens::new(api.clone(), oauth, client), Semaphore::new(AT_ONCE));
        Backend { api, service_tokens, mints, guest, room, pause: Mutex::default() }
    }

    /// `None` where this wire is not served.
    pub(crate) fn mint_of(&self, wire: Wire) -> Option<&Mint> {
        self.mints.iter().find(|mint| mint.wire == wire)
    }

    /// A credential for the visitor of these ids, or, where there are none or the API does not know them, for a new one; and whether
    /// it is the known visitor's.
    pub(crate) async fn mint(&self, at: &Mint, known: Option<&Ids>) -> Result<(Minted, bool), Setback> {
        let mint = async {
            if let Some(ids) = known
                && let Answer::Minted(minted) = self.ask(at, Some(ids)).await?
            {
                return Ok((minted, true));
            }
            match self.ask(at, None).await? {
                Answer::Minted(minted) => Ok((minted, false)),
                Answer::Unknown => Err(Setback::new(Trouble::Refused(Question::Mint, StatusCode::NOT_FOUND), None)),
            }
        };
        tokio::time::timeout(DEADLINE, mint).await.unwrap_or(Err(Setback::new(Trouble::Slow(Question::Mint), None)))
    }

    /// Asks with a service token that is good by our clock; where the API sees that otherwise, once more with another.
    async fn ask(&self, at: &Mint, ids: Option<&Ids>) -> Result<Answer, Setback> {
        let token = self.service_tokens.get().await?;
        match self.ask_with(&token, at, ids).await {
            Err(setback) if setback.trouble == Trouble::ServiceTokenRefused && self.service_tokens.refused(&token) => {
                let other = self.service_tokens.get().await?;
                self.ask_with(&other, at, ids).await
            }
            answered => answered,
        }
    }

    async fn ask_with(&self, token: &ServiceToken, at: &Mint, ids: Option<&Ids>) -> Result<Answer, Setback> {
        let _turn = self.room.acquire().await.expect("it is never closed");
        if let Some(setback) = self.setback() {
            return Err(setback);
        }
        let (question, body) = (Question::Mint, at.wire.question(&self.guest, ids));
        let reply = self.api.post(question, &at.address, token.authorization(), "application/json", body).await?;
        let trouble = match reply.status {
            StatusCode::OK => {
                let ours: [&Secret; 2] = [&token.secret, self.service_tokens.client_secret()];
                match at.wire.read(&reply.body).filter(|minted| ours.iter().all(|secret| !is_shown(secret, minted))) {
                    Some(minted) => return Ok(Answer::Minted(minted)),
                    None => Trouble::Unreadable(question),
                }
            }
            StatusCode::NOT_FOUND => return Ok(Answer::Unknown),
            StatusCode::UNAUTHORIZED => Trouble::ServiceTokenRefused,
            StatusCode::FORBIDDEN => Trouble::ScopeRefused,
            status => Trouble::of_status(question, status),
        };
        let setback = Setback::new(trouble, reply.retry_after);
        self.pause_for(setback);
        Err(setback)
    }

    fn setback(&self) -> Option<Setback> {
        let now = Instant::now();
        let pause = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, setback) = pause.filter(|(until, _)| now < *until)?;
        Some(Setback { retry_after: Some(until - now), ..setback })
    }

    /// The API's limits are for all of this client's questions together, so its `Retry-After` is for all visitors.
    fn pause_for(&self, setback: Setback) {
        if let (Trouble::Failing(..), Some(wait)) = (setback.trouble, setback.retry_after) {
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now() + wait, setback));
        }
    }
}

fn is_shown(secret: &Secret, minted: &Minted) -> bool {
    secret.is_in(minted.token.as_str()) || minted.ids.iter().any(|id| secret.is_in(id))
}
