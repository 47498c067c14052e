//! The token by which this process itself may ask the API for guests' credentials: fetched when first needed, renewed before it ends, kept
//! to itself. However many visitors wait, there is one request for it at a time; its failure is theirs together, and after it nobody
//! asks for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::address::Address;
use crate::api::{Api, CALL};
use crate::secret::Secret;
use crate::setback::{Question, Setback, Trouble};

/// A service token is renewed when less of its life than this is left, or less than half where it lives less than twice as long.
const MARGIN: Duration = Duration::from_mins(5);

/// No service token is believed to live longer, so that no sum of times overflows.
const LONGEST_LIFE: Duration = Duration::from_hours(365 * 24);

/// A token that was given less than this ago and is refused will not be any better for being fetched again.
const YOUNG: Duration = Duration::from_secs(30);

/// Pauses after one failure, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// How this process makes itself known.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Arc<Secret>,
}

impl Client {
    fn authorization(&self) -> HeaderValue {
        let pair = STANDARD.encode(format!("{}:{}", self.id, self.secret.expose()));
        HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is ASCII")
    }
}

/// One service token and its times.
#[derive(Debug, Clone)]
pub(crate) struct ServiceToken {
    pub(crate) secret: Arc<Secret>,
    asked: Instant,
    renew_at: Instant,
    ends_at: Instant,
}

impl ServiceToken {
    /// Reads `{"access_token": "…", "expires_in": seconds, …}`, asked for at that moment.
    fn read(answer: &[u8], asked: Instant) -> Option<ServiceToken> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let secret = Secret::parse(answer.get("access_token")?.as_str()?)?;
        let life = answer.get("expires_in")?.as_u64().filter(|seconds| *seconds > 0)?;
        let life = Duration::from_secs(life).min(LONGEST_LIFE);
        let renew_at = asked + life - MARGIN.min(life / 2);
        // It must not end on its way to the API.
        let ends_at = asked + life - CALL.min(life / 10);
        Some(ServiceToken { secret: Arc::new(secret), asked, renew_at, ends_at })
    }

    pub(crate) fn authorization(&self) -> HeaderValue {
        HeaderValue::try_from(format!("Bearer {}", self.secret.expose())).expect("a secret has only visible ASCII")
    }
}

/// The one who has it, and asks for it.
pub(crate) struct ServiceTokens {
    api: Arc<Api>,
    address: Address,
    client: Client,
    desk: Arc<Mutex<Desk>>,
}

type Outcome = Result<ServiceToken, Setback>;

#[derive(Default)]
struct Desk {
    current: Option<ServiceToken>,
    underway: Option<watch::Receiver<Option<Outcome>>>,
    failures: u32,
    /// Until when nobody asks, and why.
    pause: Option<(Instant, Setback)>,
}

impl ServiceTokens {
    pub(crate) fn new(api: Arc<Api>, address: Address, client: Client) -> ServiceTokens {
        ServiceTokens { api, address, client, desk: Arc::default() }
    }

    /// The secret that goes with the tokens.
    pub(crate) fn client_secret(&self) -> &Secret {
        &self.client.secret
    }

    /// A token that is good now. While an old one still is, nobody waits for a new one.
    pub(crate) async fn get(&self) -> Outcome {
        let mut told = {
            let mut desk = desk(&self.desk);
            let now = Instant::now();
            let good = desk.current.clone().filter(|token| now < token.ends_at);
            if let Some(token) = good.as_ref().filter(|token| now < token.renew_at) {
                return Ok(token.clone());
            }
            let told = match desk.request_under_way() {
                Some(told) => Ok(told),
                None => match desk.setback(now) {
                    Some(setback) => Err(setback),
                    None => Ok(self.request(&mut desk, now)),
                },
            };
            if let Some(token) = good {
                return Ok(token);
            }
            told?
        };
        let broken = Setback::new(Trouble::Unreachable(Question::ServiceToken), None);
        // It is told of at the end, unless its task came to grief.
        let told = told.wait_for(Option::is_some).await.map_err(|_| broken)?;
        told.clone().unwrap_or(Err(broken))
    }

    /// Asks, in a task of its own: a visitor who hangs up takes nothing from the others.
    fn request(&self, desk: &mut Desk, asked: Instant) -> watch::Receiver<Option<Outcome>> {
        let (tell, told) = watch::channel(None);
        desk.underway = Some(told.clone());
        let (api, address, shared) = (self.api.clone(), self.address.clone(), self.desk.clone());
        let authorization = self.client.authorization();
        tokio::spawn(async move {
            let outcome = fetch(&api, &address, authorization, asked).await;
            let outcome = self::desk(&shared).settle(outcome, Instant::now());
            // Nobody waits any more only if all of them hung up.
            let _ = tell.send(Some(outcome));
        });
        told
    }

    /// The API refused this token, whatever its times say. Whether there is, or may be, another one.
    pub(crate) fn refused(&self, token: &ServiceToken) -> bool {
        let mut desk = desk(&self.desk);
        let is_current = desk.current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.secret, &token.secret));
        if !is_current {
            return true;
        }
        let is_old = token.asked.elapsed() >= YOUNG;
        if is_old {
            desk.current = None;
        }
        is_old
    }
}

/// Whoever panicked with the lock left plain data behind.
fn desk(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// What those who come later may wait for as well.
    fn request_under_way(&self) -> Option<watch::Receiver<Option<Outcome>>> {
        // Without a sender its task is gone, and would be waited for in vain.
        self.underway.clone().filter(|told| told.has_changed().is_ok())
    }

    /// The last failure, where it is too early to ask again.
    fn setback(&self, now: Instant) -> Option<Setback> {
        let (until, setback) = self.pause.filter(|(until, _)| now < *until)?;
        Some(Setback { retry_after: Some(until - now), ..setback })
    }

    fn settle(&mut self, outcome: Outcome, now: Instant) -> Outcome {
        self.underway = None;
        match outcome {
            Ok(token) => {
                tracing::info!("the API granted a service token");
                (self.failures, self.pause) = (0, None);
                self.current = Some(token.clone());
                Ok(token)
            }
            Err(setback) => {
                let trouble = setback.trouble;
                let pause = self.next_pause(setback);
                let why = trouble.detail();
                tracing::warn!(problem = trouble.name(), pause_s = pause.as_secs(), "no service token: {why}");
                let setback = Setback { trouble, retry_after: Some(pause) };
                self.pause = Some((now + pause, setback));
                Err(setback)
            }
        }
    }

    /// Twice as long after each failure, and never shorter than the API asks for.
    fn next_pause(&mut self, setback: Setback) -> Duration {
        let (first, longest) = PAUSES;
        let grown = first.saturating_mul(1 << self.failures.min(16)).min(longest);
        self.failures += 1;
        grown.max(setback.retry_after.unwrap_or_default())
    }
}

async fn fetch(api: &Api, address: &Address, authorization: HeaderValue, asked: Instant) -> Outcome {
    let question = Question::ServiceToken;
    let form = ("application/x-www-form-urlencoded", "grant_type=client_credentials".to_owned());
    let reply = api.post(question, address, authorization, form.0, form.1).await?;
    let trouble = match reply.status {
        StatusCode::OK => match ServiceToken::read(&reply.body, asked) {
            Some(token) => return Ok(token),
            None => Trouble::Unreadable(question),
        },
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Trouble::ClientRefused,
        status => Trouble::of_status(question, status),
    };
    Err(Setback::new(trouble, reply.retry_after))
}
