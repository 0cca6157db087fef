//! Tokens: JWT (RFC 7519), signed with Ed25519 and nothing else.

use crate::keys::{DEVELOPMENT, Keys, development_key};
use chassis::{Secret, clock};
use contracts::{AccessClaims, Caller, CustomerId, PublicKey, Revoked, Role, STARLING, SessionId};
use jsonwebtoken::{Algorithm, Header, Validation, jwk::JwkSet};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use uuid::Uuid;

/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY_S: u64 = 5;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 4_096;
/// The most tokens whose signatures are remembered; each check costs some 60 µs.
const REMEMBERED: usize = 20_000;
/// From so many ended sessions on, those whose tokens have expired are forgotten.
const ENDED: usize = 10_000;

/// A development token: signed with the key that is derived from the flock's secret.
#[must_use]
pub fn mint(secret: &Secret, subject: impl Into<Uuid>, role: Role, ttl: Duration) -> String {
    let exp = clock::now().plus(ttl).millis() / 1000;
    let (iss, aud) = (STARLING.to_owned(), STARLING.to_owned());
    let claims = AccessClaims { iss, aud, sub: subject.into(), role, exp, sid: None };
    let header = Header { kid: Some(DEVELOPMENT.into()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, &claims, &development_key(secret)).expect("an Ed25519 key signs everything")
}

/// Checks tokens, and remembers those that are good, and the sessions that have ended.
pub(crate) struct Tokens {
    keys: RwLock<Keys>,
    validation: Validation,
    good: RwLock<HashMap<Box<str>, Verified>>,
    /// With the second (since 1970) from which on all of their tokens have expired.
    ended: RwLock<HashMap<SessionId, i64>>,
}

/// Who calls, by which session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verified {
    pub caller: Caller,
    /// Development tokens have none.
    pub session: Option<SessionId>,
    /// Seconds since 1970.
    exp: i64,
}

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Identity may have told of its key meanwhile.
    UnknownKey,
    /// No use to look again.
    Because(&'static str),
}

impl Tokens {
    pub fn new(keys: Keys) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[STARLING]);
        validation.set_audience(&[STARLING]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        Self { keys: RwLock::new(keys), validation, good: RwLock::default(), ended: RwLock::default() }
    }

    /// The public keys, for `/.well-known/jwks.json`.
    pub fn published(&self) -> JwkSet {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).published()
    }

    /// Takes identity's keys; those that it no longer names are good no more.
    pub fn tell(&self, told: &[PublicKey]) {
        if let Err(error) = self.keys.write().unwrap_or_else(PoisonError::into_inner).tell(told) {
            tracing::error!(%error, "identity's keys cannot be read");
        }
    }

    /// Sessions have ended: their tokens are good no more.
    pub fn end(&self, sessions: &[Revoked]) {
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        if ended.len() >= ENDED {
            let now = now_s();
            ended.retain(|_, until| *until > now);
        }
        // A second too long rather than too short; and as long as a clock that is behind lets tokens live.
        ended.extend(sessions.iter().map(|end| (end.session_id, end.until.millis() / 1000 + 1 + leeway())));
    }

    /// Whether a session has ended.
    pub fn has_ended(&self, session: SessionId) -> bool {
        self.ended.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Who calls, if the token is good and remembered as such.
    pub fn remembered(&self, token: &str) -> Option<Verified> {
        let good = self.good.read().unwrap_or_else(PoisonError::into_inner);
        let verified = good.get(token).copied();
        drop(good);
        verified.filter(|verified| verified.exp + leeway() > now_s() && !self.is_over(verified))
    }

    fn is_over(&self, verified: &Verified) -> bool {
        verified.session.is_some_and(|session| self.has_ended(session))
    }

    /// Who calls.
    pub fn verify(&self, token: &str) -> Result<Verified, Wrong> {
        let verified = self.check(token)?;
        if self.is_over(&verified) {
            return Err(Wrong::Because("the token's session has ended"));
        }
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED {
            let now = now_s();
            good.retain(|_, verified| verified.exp > now);
            if good.len() >= REMEMBERED {
                good.clear();
            }
        }
        good.insert(token.into(), verified);
        Ok(verified)
    }

    fn check(&self, token: &str) -> Result<Verified, Wrong> {
        use jsonwebtoken::errors::ErrorKind;
        if token.len() > LONGEST {
            return Err(Wrong::Because("the token is too long"));
        }
        let header = jsonwebtoken::decode_header(token)
            .map_err(|_| Wrong::Because("the token is not a JWT signed with EdDSA"))?;
        let mut wrong = Wrong::UnknownKey;
        for key in self.keys.read().unwrap_or_else(PoisonError::into_inner).fitting(header.kid.as_deref()) {
            match jsonwebtoken::decode::<AccessClaims>(token, key, &self.validation) {
                Ok(data) => {
                    let AccessClaims { sub, role, exp, sid, .. } = data.claims;
                    return Ok(Verified { caller: Caller { id: CustomerId(sub), role }, session: sid, exp });
                }
                Err(error) => {
                    #[expect(
                        clippy::wildcard_enum_match_arm,
                        reason = "not exhaustive, and all others say the same"
                    )]
                    let why = match error.kind() {
                        ErrorKind::ExpiredSignature => "the token has expired",
                        ErrorKind::InvalidIssuer => "the token is of another issuer",
                        ErrorKind::InvalidAudience => "the token is for another audience",
                        ErrorKind::InvalidAlgorithm => "the token is not signed with EdDSA",
                        ErrorKind::InvalidSignature => "the token's signature does not fit",
                        _ => "the token lacks a claim, or one is wrong (iss, aud, sub, role, exp)",
                    };
                    wrong = Wrong::Because(why);
                }
            }
        }
        Err(wrong)
    }
}

fn now_s() -> i64 {
    clock::now().millis() / 1000
}

fn leeway() -> i64 {
    i64::try_from(LEEWAY_S).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: &Secret) -> Tokens {
        Tokens::new(Keys::new(None, secret, true).unwrap())
    }

    #[test]
    fn no_more_tokens_are_remembered_than_fit() {
        let secret = Secret::from("secret".to_owned());
        let tokens = tokens(&secret);
        let (exp, caller) = (now_s() + 60, Caller { id: CustomerId(Uuid::nil()), role: Role::Customer });
        for number in 0..REMEMBERED {
            let verified = Verified { caller, session: None, exp };
            tokens.good.write().unwrap().insert(number.to_string().into(), verified);
        }
        let token = mint(&secret, Uuid::nil(), Role::Admin, Duration::from_secs(60));
        assert_eq!(tokens.verify(&token).unwrap().caller.role, Role::Admin);
        assert_eq!(tokens.remembered(&token).unwrap().caller.role, Role::Admin);
        assert!(tokens.good.read().unwrap().len() <= REMEMBERED);
    }

    #[test]
    fn ended_sessions_are_forgotten_only_when_their_tokens_have_expired() {
        let tokens = tokens(&Secret::from("secret".to_owned()));
        let end = |until| Revoked { session_id: SessionId(Uuid::now_v7()), until };
        let (long_ago, later) =
            (contracts::Timestamp::from_millis(0), clock::now().plus(Duration::from_secs(60)));
        let over: Vec<Revoked> = (0..ENDED).map(|_| end(long_ago)).collect();
        let lasting = end(later);
        tokens.end(&over);
        tokens.end(&[lasting]);
        assert!(tokens.has_ended(lasting.session_id));
        assert!(!tokens.has_ended(over[0].session_id));
    }
}
