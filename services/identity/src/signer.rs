//! Signing access tokens.
//!
//! A private key is not stored: it is derived from the service's own secret and the key's random name. A new key is
//! published before it signs, and an old one as long as its tokens may be good.

use crate::{secrets::Keyed, store};
use chassis::{Fault, clock};
use contracts::{ACCESS_TOKEN_MAX_S, AccessClaims, PublicKey, STARLING, Timestamp};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{AlgorithmParameters, Jwk},
};
use sqlx::PgPool;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A new key signs so long after it is published: twice as long as a gateway takes to ask again.
pub const PUBLISHED_BEFORE: Duration = Duration::from_secs(10 * 60);
/// How long the choice of a key holds until the table is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Knows the newest key that every gateway knows.
#[derive(Default)]
pub struct Signer(Mutex<Option<(Pen, Timestamp)>>);

/// A key that signs.
#[derive(Clone)]
pub struct Pen {
    kid: String,
    key: EncodingKey,
}

impl Signer {
    /// The key to sign with now; asked for before a transaction begins, so that nobody holds one connection and waits for
    /// another.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn pen(&self, db: &PgPool, keyed: &Keyed) -> Result<Pen, Fault> {
        let now = clock::now();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((pen, _)) = known.filter(|(_, until)| *until > now) {
            return Ok(pen);
        }
        let kid = signing(db, keyed, now).await?;
        let pen = Pen { key: key(&keyed.seed(&kid)), kid };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((pen.clone(), now.plus(LOOK_EVERY)));
        Ok(pen)
    }
}

impl Pen {
    /// A token that says this.
    ///
    /// # Errors
    /// When the key cannot sign, which would be a bug.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String, Fault> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.key)
            .map_err(|error| Fault::Broken(format!("signing: {error}")))
    }
}

/// Who issues tokens, and for whom.
pub fn claims(
    sub: uuid::Uuid,
    role: contracts::Role,
    sid: contracts::SessionId,
    exp: Timestamp,
) -> AccessClaims {
    AccessClaims {
        iss: STARLING.to_owned(),
        aud: STARLING.to_owned(),
        sub,
        role,
        exp: exp.millis() / 1_000,
        sid: Some(sid),
    }
}

/// The name of the key that signs now. The first one, and one that takes the place of keys of another secret, signs at
/// once: there is nothing else.
async fn signing(db: &PgPool, keyed: &Keyed, now: Timestamp) -> Result<String, Fault> {
    let is_ours = |key: &&store::keys::SigningKey| public(&keyed.seed(&key.kid)).is_ok_and(|x| x == key.x);
    let keys = store::keys::all(db).await?;
    let ours = keys.iter().filter(|key| key.signs_from <= now).find(is_ours);
    if let Some(key) = ours {
        return Ok(key.kid.clone());
    }
    // Another replica may do the same at the same time: then both keys are published and good.
    let fresh = fresh(keyed, now, now)?;
    store::keys::insert(&mut *db.acquire().await?, &fresh).await?;
    tracing::info!(kid = fresh.kid, "a new key signs access tokens");
    Ok(fresh.kid)
}

/// A new key.
pub fn fresh(keyed: &Keyed, now: Timestamp, signs_from: Timestamp) -> Result<store::keys::SigningKey, Fault> {
    let kid = crate::secrets::salt();
    let x = public(&keyed.seed(&kid))?;
    Ok(store::keys::SigningKey { kid, x, created_at: now, signs_from })
}

/// What is to be done with the keys now.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    /// A new one takes the place of the newest.
    pub new: bool,
    /// These have not signed for so long that all of their tokens have expired.
    pub over: Vec<String>,
}

/// `keys` begins with the one that signs last.
pub fn due(keys: &[store::keys::SigningKey], signs_for: Duration, now: Timestamp) -> Due {
    /// For clocks that differ, in seconds.
    const MORE_S: u64 = 120;
    let token = Duration::from_secs(ACCESS_TOKEN_MAX_S.unsigned_abs() + MORE_S);
    let new = keys.first().is_some_and(|newest| newest.signs_from.plus(signs_for) <= now);
    let followed = keys.windows(2).filter(|pair| pair[0].signs_from.plus(token) <= now);
    Due { new, over: followed.map(|pair| pair[1].kid.clone()).collect() }
}

/// The keys that gateways may trust: all that are stored.
pub async fn published(db: &PgPool) -> Result<Vec<PublicKey>, Fault> {
    store::keys::all(db).await?.into_iter().map(public_key).collect()
}

pub fn public_key(key: store::keys::SigningKey) -> Result<PublicKey, Fault> {
    let text = |text: String| text.try_into().map_err(|_| Fault::Broken("a signing key's name".to_owned()));
    Ok(PublicKey { kid: text(key.kid)?, x: text(key.x)? })
}

/// The private key of a seed.
pub(crate) fn key(seed: &[u8]) -> EncodingKey {
    /// PKCS #8 (RFC 5958) around the 32 bytes of an Ed25519 seed (RFC 8410).
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    EncodingKey::from_ed_der(&[&HEAD[..], seed].concat())
}

/// The public key of a seed, in base64url.
pub(crate) fn public(seed: &[u8]) -> Result<String, Fault> {
    let jwk = Jwk::from_encoding_key(&key(seed), Algorithm::EdDSA);
    match jwk.map(|jwk| jwk.algorithm) {
        Ok(AlgorithmParameters::OctetKeyPair(pair)) => Ok(pair.x),
        Ok(_) | Err(_) => Err(Fault::Broken("a signing key could not be made".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use chassis::Secret;

    #[test]
    fn a_key_follows_from_the_secret_and_its_name_alone() {
        let (one, other) =
            (Keyed::new(Secret::from("a".to_owned())), Keyed::new(Secret::from("b".to_owned())));
        let x = |keyed: &Keyed, kid: &str| public(&keyed.seed(kid)).unwrap();
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(x(&one, "k")).unwrap().len(), 32);
        assert_eq!(x(&one, "k"), x(&one, "k"));
        assert_ne!(x(&one, "k"), x(&one, "l"));
        assert_ne!(x(&one, "k"), x(&other, "k"));
    }

    #[test]
    fn a_key_is_followed_in_time_and_forgotten_when_its_tokens_have_expired() {
        let at = |s: u64| Timestamp::from_millis(1_795_000_000_000).plus(Duration::from_secs(s));
        let key = |kid: &str, signs_from| store::keys::SigningKey {
            kid: kid.to_owned(),
            x: String::new(),
            created_at: at(0),
            signs_from,
        };
        let day = Duration::from_secs(86_400);
        let due = |keys: &[store::keys::SigningKey], now| due(keys, day, now);
        assert_eq!(due(&[], at(0)), Due { new: false, over: vec![] }, "the first login makes the first key");
        assert_eq!(due(&[key("a", at(0))], at(86_399)), Due { new: false, over: vec![] });
        assert_eq!(due(&[key("a", at(0))], at(86_400)), Due { new: true, over: vec![] });
        let two = [key("b", at(87_000)), key("a", at(0))];
        assert_eq!(due(&two, at(86_500)), Due { new: false, over: vec![] }, "not signing yet");
        assert_eq!(due(&two, at(87_000 + 3_719)), Due { new: false, over: vec![] });
        assert_eq!(due(&two, at(87_000 + 3_720)), Due { new: false, over: vec!["a".to_owned()] });
    }
}
