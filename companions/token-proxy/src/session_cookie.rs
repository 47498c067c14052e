//! Where a visitor's session is remembered: in the visitor's own cookie, encrypted and authenticated, so
//! that this process need remember nothing. A cookie which does not open (tampered with, sealed with another key, too
//! old, of another version) is as good as none: the visitor gets a new session, never an error.

use std::fmt;
use std::time::Duration;

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cookie::{Cookie, CookieJar, Key, SameSite};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ask::DeploymentId;
use crate::grant::GuestToken;
use crate::wire::{Dialect, Ids};

/// A visitor's session, as far as we know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) token: GuestToken,
}

impl Session {
    pub(crate) fn start() -> Session {
        Session { token: GuestToken::fresh() }
    }
}

/// The same where the API mints the tokens: no token, but what the API knows the visitor by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) ids: Ids,
}

/// The plaintext inside the cookie. Whoever changes its meaning raises [`VERSION`].
#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    v: u8,
    #[serde(flatten)]
    kept: T,
    /// Unix seconds at which this cookie, not the session, was issued.
    issued: u64,
    /// Seconds for which the cookie is good, where that depends on what was granted with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lasts: Option<u64>,
}

const VERSION: u8 = 1;

/// How the cookie of one deployment and dialect is called, kept and opened. Two deployments on one site are two
/// conversations, hence two cookies.
pub(crate) struct SessionCookie<'a> {
    pub(crate) key: &'a CookieKey,
    pub(crate) deployment: Option<&'a DeploymentId>,
    pub(crate) dialect: Dialect,
    /// `Secure`, and the name prefix that makes browsers insist on it.
    pub(crate) secure: bool,
    /// How long a visitor who stays away is remembered, from the end of his grant.
    pub(crate) session_life: Duration,
    /// Life of a grant of our own.
    pub(crate) life: Duration,
}

/// Browsers forget a cookie after 400 days, whatever it says (RFC 6265bis, 5.5).
pub(crate) const COOKIE_MAX_AGE: Duration = Duration::from_hours(400 * 24);

impl SessionCookie<'_> {
    /// What is remembered in the request's cookies, if there is one that we sealed and that is not too old.
    pub(crate) fn open<T: DeserializeOwned>(&self, headers: &HeaderMap, now: u64) -> Option<T> {
        let name = self.name();
        let jar = CookieJar::new();
        let private = jar.private(&self.key.0);
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(Cookie::split_parse)
            .flatten()
            .filter(|cookie| cookie.name() == name)
            .filter_map(|cookie| private.decrypt(cookie.into_owned()))
            .filter_map(|cookie| serde_json::from_str::<Sealed<T>>(cookie.value()).ok())
            .find(|sealed| self.is_good(sealed, now))
            .map(|sealed| sealed.kept)
    }

    fn is_good<T>(&self, sealed: &Sealed<T>, now: u64) -> bool {
        let max_age = sealed.lasts.unwrap_or_else(|| self.max_age(self.life));
        // Another instance's clock may be ahead of ours: a cookie from the future is simply young.
        sealed.v == VERSION && now.saturating_sub(sealed.issued) < max_age
    }

    /// Age in seconds from which a cookie is too old that was issued with a grant of this life. The session's life counts from the
    /// visitor's last message, which may be written as late as a grant's life after the cookie was issued.
    fn max_age(&self, granted: Duration) -> u64 {
        (self.session_life + granted).min(COOKIE_MAX_AGE).as_secs()
    }

    /// The `Set-Cookie` that remembers the session from now on.
    pub(crate) fn seal(&self, session: &Session, now: u64) -> SetCookie {
        self.seal_for(self.max_age(self.life), &Sealed { v: VERSION, kept: session, issued: now, lasts: None })
    }

    /// The `Set-Cookie` that remembers these ids from now on, issued with a credential of this life.
    pub(crate) fn seal_known(&self, known: &Known, granted: Duration, now: u64) -> SetCookie {
        let max_age = self.max_age(granted);
        self.seal_for(max_age, &Sealed { v: VERSION, kept: known, issued: now, lasts: Some(max_age) })
    }

    fn seal_for<T: Serialize>(&self, max_age: u64, sealed: &Sealed<T>) -> SetCookie {
        let text = serde_json::to_string(sealed).expect("plain fields always serialize");
        let max_age = i64::try_from(max_age).unwrap_or(i64::MAX);
        let cookie = Cookie::build((self.name(), text))
            .path(PATH)
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .max_age(cookie::time::Duration::seconds(max_age));

        let mut jar = CookieJar::new();
        jar.private_mut(&self.key.0).add(cookie);
        let line = jar.delta().next().expect("the cookie was just added").to_string();
        SetCookie(HeaderValue::try_from(line).expect("name and base64 are plain ASCII"))
    }

    /// The name is authenticated with the value, so one deployment's cookie does not open as another's.
    /// `__Secure-` and not `__Host-`: the latter demands `Path=/`, and would send the cookie with every image.
    fn name(&self) -> String {
        let prefix = if self.secure { "__Secure-" } else { "" };
        match (self.deployment, self.dialect) {
            (Some(id), Dialect::WebMessaging) => format!("{prefix}guest-chat.{id}"),
            (None, Dialect::WebMessaging) => format!("{prefix}guest-chat"),
            // No id has a dot in it or is empty, so that none looks like a dialect.
            (Some(id), Dialect::Minted(wire)) => format!("{prefix}guest-chat.{id}.{}", wire.name()),
            (None, Dialect::Minted(wire)) => format!("{prefix}guest-chat..{}", wire.name()),
        }
    }
}

/// Only this service's own paths see the cookie.
const PATH: &str = "/api/genesys";

/// One `Set-Cookie` line; it goes nowhere but into an answer.
pub(crate) struct SetCookie(HeaderValue);

impl IntoResponseParts for SetCookie {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.headers_mut().append(SET_COOKIE, self.0);
        Ok(parts)
    }
}

/// The key with which cookies are sealed. Never shown.
#[derive(Clone)]
pub struct CookieKey(Key);

impl CookieKey {
    /// From base64 (either alphabet, padded or not) of at least 32 random bytes, expanded by HKDF.
    pub fn from_base64(text: &str) -> Result<CookieKey, BadKey> {
        let text = text.trim().replace('-', "+").replace('_', "/");
        let bytes = BASE64.decode(text).map_err(|_| BadKey::NotBase64)?;
        if bytes.len() < MIN_KEY_BYTES {
            return Err(BadKey::TooShort(bytes.len()));
        }
        Ok(CookieKey(Key::derive_from(&bytes)))
    }

    /// One that dies with this process, and every visitor's session with it.
    pub fn random() -> CookieKey {
        CookieKey(Key::generate())
    }
}

impl fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieKey(..)")
    }
}

/// Why a text is no key. Says nothing of the text itself, which may be a key with a slip in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKey {
    /// Not readable as base64.
    NotBase64,
    /// Readable, but of so many bytes only.
    TooShort(usize),
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadKey::NotBase64 => f.write_str("is not base64"),
            BadKey::TooShort(bytes) => {
                write!(f, "has {bytes} bytes where {MIN_KEY_BYTES} are needed")
            }
        }?;
        f.write_str("; make one with `openssl rand -base64 32`")
    }
}

/// What `cookie::Key::derive_from` asks of its master key.
const MIN_KEY_BYTES: usize = 32;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Wire;

    const NOW: u64 = 1_800_000_000;

    fn cookie(key: &CookieKey) -> SessionCookie<'_> {
        let (session_life, life) = (Duration::from_secs(90), Duration::from_secs(10));
        SessionCookie { key, deployment: None, dialect: Dialect::WebMessaging, secure: true, session_life, life }
    }

    /// The request headers of a browser that has this text sealed as its cookie.
    fn sealed(cookie: &SessionCookie<'_>, text: &str) -> HeaderMap {
        let mut jar = CookieJar::new();
        jar.private_mut(&cookie.key.0).add((cookie.name(), text.to_owned()));
        let line = jar.delta().next().expect("just added").to_string();
        sent_back(&[SetCookie(HeaderValue::try_from(line).expect("ASCII"))])
    }

    /// The request headers of a browser that was given these `Set-Cookie`s.
    fn sent_back(set: &[SetCookie]) -> HeaderMap {
        let pairs = set.iter().map(|line| {
            let line = line.0.to_str().expect("ASCII");
            line.split(';').next().expect("a pair").to_owned()
        });
        let line = pairs.collect::<Vec<_>>().join("; ");
        HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(line).expect("ASCII"))])
    }

    #[test]
    fn session_is_remembered_until_its_cookie_is_too_old() {
        let key = CookieKey::random();
        let session = Session::start();
        let headers = sent_back(&[cookie(&key).seal(&session, NOW)]);
        assert_eq!(cookie(&key).open(&headers, NOW + 99), Some(session));
        assert_eq!(cookie(&key).open::<Session>(&headers, NOW + 100), None);
    }

    #[test]
    fn cookie_from_an_instance_whose_clock_is_ahead_is_young() {
        let key = CookieKey::random();
        let session = Session::start();
        let headers = sent_back(&[cookie(&key).seal(&session, NOW + 30)]);
        assert_eq!(cookie(&key).open(&headers, NOW), Some(session));
    }

    #[test]
    fn cookie_of_another_version_is_as_good_as_none() {
        let key = CookieKey::random();
        for (version, is_open) in [(1, true), (2, false)] {
            let text = format!(r#"{{"v":{version},"token":"5f0c","issued":{NOW}}}"#);
            let opened = cookie(&key).open::<Session>(&sealed(&cookie(&key), &text), NOW);
            assert_eq!(opened.is_some(), is_open, "{text}");
        }
    }

    #[test]
    fn ids_are_remembered_for_as_long_as_the_credential_they_came_with_and_the_session_together() {
        let key = CookieKey::random();
        let cookie = SessionCookie { dialect: Dialect::Minted(Wire::GuestSessions), ..cookie(&key) };
        let minted = Wire::GuestSessions.read(br#"{"sessionId":"s","token":"t","expires_in":500}"#).expect("all there");
        let known = Known { ids: minted.ids };
        let headers = sent_back(&[cookie.seal_known(&known, minted.life, NOW)]);
        assert_eq!(cookie.open(&headers, NOW + 589), Some(known));
        assert_eq!(cookie.open::<Known>(&headers, NOW + 590), None);
    }

    #[test]
    fn no_two_deployments_and_dialects_share_a_name() {
        let key = CookieKey::random();
        let deployments = [None, DeploymentId::parse("guest-webchat"), DeploymentId::parse("b")];
        let dialects = Wire::ALL.map(Dialect::Minted);
        let mut names = std::collections::HashSet::new();
        for deployment in &deployments {
            for dialect in [Dialect::WebMessaging].into_iter().chain(dialects) {
                let name = SessionCookie { deployment: deployment.as_ref(), dialect, ..cookie(&key) }.name();
                assert!(names.insert(name.clone()), "{name}");
            }
        }
    }

    #[test]
    fn cookie_planted_beside_ours_does_not_hide_ours() {
        let (key, foreign) = (CookieKey::random(), CookieKey::random());
        let session = Session::start();
        let planted = cookie(&foreign).seal(&Session::start(), NOW);
        let headers = sent_back(&[planted, cookie(&key).seal(&session, NOW)]);
        assert_eq!(cookie(&key).open(&headers, NOW), Some(session));
    }

    #[test]
    fn cookie_of_one_deployment_does_not_open_as_anothers() {
        let key = CookieKey::random();
        let (one, other) = (DeploymentId::parse("one"), DeploymentId::parse("other"));
        let for_one = SessionCookie { deployment: one.as_ref(), ..cookie(&key) };
        let for_other = SessionCookie { deployment: other.as_ref(), ..cookie(&key) };
        let line = for_one.seal(&Session::start(), NOW).0;
        let renamed = line.to_str().expect("ASCII").replace(&for_one.name(), &for_other.name());
        let headers = sent_back(&[SetCookie(HeaderValue::try_from(renamed).expect("ASCII"))]);
        assert_eq!(for_other.open::<Session>(&headers, NOW), None);
    }

    #[test]
    fn key_is_read_in_every_base64_that_tools_print() {
        let bytes = [0xfb_u8; 32];
        let padded = base64::engine::general_purpose::STANDARD.encode(bytes);
        let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        assert!(CookieKey::from_base64(&format!("{padded}\n")).is_ok());
        assert!(CookieKey::from_base64(&url).is_ok());
        assert_eq!(CookieKey::from_base64("c2hvcnQ=").unwrap_err(), BadKey::TooShort(5));
        assert_eq!(CookieKey::from_base64("not a key!").unwrap_err(), BadKey::NotBase64);
    }
}
