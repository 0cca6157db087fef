//! API keys of programs: `Authorization: Bearer sk_…`.
//!
//! Identity is asked about a key that is not known, and again now and then; in between it is good until identity says
//! that it was revoked, which every gateway hears as it hears the ends of sessions.

use crate::{
    app::App,
    ask::Silent,
    problem::{Kind, Problem},
    token::Tokens,
};
use chassis::clock;
use contracts::{Caller, CheckApiKey, CustomerId, Hidden, KeyHolder, Refusal, Role, Timestamp};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

/// What API keys begin with.
const PREFIX: &str = "sk_";
/// After so long identity is asked again, which also tells it that the key is in use.
const FRESH: Duration = Duration::from_secs(60);
/// While identity is silent a known key is good for so long, as an access token would be.
const STALE: Duration = Duration::from_secs(15 * 60);
/// The most keys that are remembered.
const REMEMBERED: usize = 10_000;

/// Keys that were good, by their SHA-256.
#[derive(Default)]
pub(crate) struct ApiKeys(RwLock<HashMap<[u8; 32], Known>>);

#[derive(Clone)]
struct Known {
    holder: KeyHolder,
    checked_at: Timestamp,
}

/// Who calls with a key, and what it may do.
pub(crate) struct Program {
    pub caller: Caller,
    scopes: Vec<contracts::Text<50>>,
}

impl Program {
    /// Whether one of its scopes is `tag:read` (or `tag:write`, where more than reading is asked for), or `*`.
    pub fn may(&self, tag: &str, reads: bool) -> bool {
        let needed = scope(tag, reads);
        self.scopes.iter().any(|scope| scope.as_str() == needed || scope.as_str() == "*")
    }
}

/// The scope that a route needs: its tag in the OpenAPI document, and whether it changes something.
pub(crate) fn scope(tag: &str, reads: bool) -> String {
    format!("{tag}:{}", if reads { "read" } else { "write" })
}

/// Whether it is meant as an API key.
pub(crate) fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl ApiKeys {
    /// The holder of a key that was good lately; with it, whether that was so lately that nobody need be asked.
    fn known(&self, key: &[u8; 32], tokens: &Tokens, now: Timestamp) -> Option<(KeyHolder, bool)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()?;
        let Known { holder, checked_at } = known;
        let good =
            !tokens.has_ended(holder.key_id) && holder.expires_at > now && checked_at.plus(STALE) > now;
        good.then(|| (holder, checked_at.plus(FRESH) > now))
    }

    fn remember(&self, key: [u8; 32], holder: KeyHolder, now: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, known| known.checked_at.plus(FRESH) > now);
            if known.len() >= REMEMBERED {
                known.clear();
            }
        }
        known.insert(key, Known { holder, checked_at: now });
    }

    fn forget(&self, key: &[u8; 32]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Whose key it is. Before identity is asked about a key that was not good lately, `may_ask` may refuse that.
pub(crate) async fn holder(
    app: &App,
    key: &str,
    may_ask: impl FnOnce() -> Result<(), Problem>,
) -> Result<Program, Problem> {
    let challenge = "Bearer realm=\"starling\", error=\"invalid_token\"";
    let wrong = || Problem::unauthenticated("the API key is unknown, revoked or expired", challenge);
    let (hash, now) = (Sha256::digest(key.as_bytes()).into(), clock::now());
    let known = app.api_keys.known(&hash, &app.tokens, now);
    let holder = match known {
        Some((holder, true)) => holder,
        known => {
            if known.is_none() {
                may_ask()?;
            }
            let key = Hidden::try_from(key.to_owned()).map_err(|_| wrong())?;
            match (app.try_ask(&CheckApiKey { key }).await, known) {
                (Ok(holder), _) if app.tokens.has_ended(holder.key_id) => return Err(wrong()),
                (Ok(holder), _) => {
                    app.api_keys.remember(hash, holder.clone(), now);
                    holder
                }
                (Err(Silent::Refused(Refusal::Unavailable) | Silent::Away), Some((holder, _))) => holder,
                (Err(Silent::Refused(Refusal::Unavailable) | Silent::Away), None) => {
                    return Err(Problem::new(Kind::Unavailable, "identity does not answer at present"));
                }
                (Err(Silent::Broken), _) => {
                    return Err(Problem::new(Kind::Internal, "the cause is in the log"));
                }
                (Err(Silent::Refused(_)), _) => {
                    app.api_keys.forget(&hash);
                    return Err(wrong());
                }
            }
        }
    };
    let KeyHolder { key_id, scopes, .. } = holder;
    Ok(Program { caller: Caller { id: CustomerId(key_id.0), role: Role::Service }, scopes })
}
