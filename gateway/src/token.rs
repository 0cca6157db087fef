//! Tokens: JWT (RFC 7519), signed with Ed25519 and nothing else.

use crate::problem::Problem;
use anyhow::{Context, bail, ensure};
use chassis::{Secret, clock};
use contracts::{Caller, CustomerId, Role};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use uuid::Uuid;

/// `iss` and `aud` of every token.
const STARLING: &str = "starling";
/// `kid` of the development key.
const DEVELOPMENT: &str = "dev";
/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY_S: u64 = 5;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 4_096;
/// The most tokens whose signatures are remembered; each check costs some 60 µs.
const REMEMBERED: usize = 20_000;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    role: Role,
    exp: i64,
}

/// A development token: signed with the key that is derived from the flock's secret.
#[must_use]
pub fn mint(secret: &Secret, subject: impl Into<Uuid>, role: Role, ttl: Duration) -> String {
    let exp = clock::now().plus(ttl).millis() / 1000;
    let claims = Claims { iss: STARLING.into(), aud: STARLING.into(), sub: subject.into(), role, exp };
    let header = Header { kid: Some(DEVELOPMENT.into()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, &claims, &development_key(secret)).expect("an Ed25519 key signs everything")
}

/// The private key whose seed is HMAC-SHA256 of `jwt:dev` under the flock's secret.
fn development_key(secret: &Secret) -> EncodingKey {
    /// PKCS #8 (RFC 5958) around the 32 bytes of an Ed25519 seed (RFC 8410).
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let hex = secret.derive("jwt", DEVELOPMENT);
    let digits = hex.expose().as_bytes().chunks_exact(2);
    let seed = digits
        .map(|pair| std::str::from_utf8(pair).map_or(0, |pair| u8::from_str_radix(pair, 16).unwrap_or(0)));
    EncodingKey::from_ed_der(&HEAD.into_iter().chain(seed).collect::<Vec<u8>>())
}

/// Checks tokens, and remembers those that are good.
pub(crate) struct Tokens {
    keys: Vec<(Option<String>, DecodingKey)>,
    published: JwkSet,
    validation: Validation,
    good: RwLock<HashMap<Box<str>, Verified>>,
}

#[derive(Clone, Copy)]
struct Verified {
    caller: Caller,
    /// Seconds since 1970.
    exp: i64,
}

impl Tokens {
    /// With the keys of a JWKS (inline, or a file's path), else with the development key.
    pub fn new(jwks: Option<&str>, secret: &Secret) -> anyhow::Result<Self> {
        let published = match jwks {
            Some(jwks) => read_jwks(jwks).context("GATEWAY_JWKS")?,
            None if secret.expose().is_empty() => {
                bail!(
                    "there is no key to check tokens with: set GATEWAY_JWKS, or STARLING_SECRET for development"
                )
            }
            None => {
                let mut key = Jwk::from_encoding_key(&development_key(secret), Algorithm::EdDSA)?;
                key.common.key_id = Some(DEVELOPMENT.into());
                JwkSet { keys: vec![key] }
            }
        };
        let keys =
            published.keys.iter().map(|key| Ok((key.common.key_id.clone(), DecodingKey::from_jwk(key)?)));
        let keys = keys.collect::<anyhow::Result<_>>()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[STARLING]);
        validation.set_audience(&[STARLING]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        Ok(Self { keys, published, validation, good: RwLock::default() })
    }

    /// The public keys, for `/.well-known/jwks.json`.
    pub const fn published(&self) -> &JwkSet {
        &self.published
    }

    /// Who calls, if the token is good and remembered as such.
    pub fn remembered(&self, token: &str) -> Option<Caller> {
        let good = self.good.read().unwrap_or_else(PoisonError::into_inner);
        good.get(token).filter(|verified| verified.exp + leeway() > now_s()).map(|verified| verified.caller)
    }

    /// Who calls.
    pub fn verify(&self, token: &str) -> Result<Caller, Problem> {
        let verified = self.check(token).map_err(|why| {
            Problem::unauthenticated(why, "Bearer realm=\"starling\", error=\"invalid_token\"")
        })?;
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED {
            let now = now_s();
            good.retain(|_, verified| verified.exp > now);
            if good.len() >= REMEMBERED {
                good.clear();
            }
        }
        good.insert(token.into(), verified);
        Ok(verified.caller)
    }

    fn check(&self, token: &str) -> Result<Verified, &'static str> {
        use jsonwebtoken::errors::ErrorKind;
        if token.len() > LONGEST {
            return Err("the token is too long");
        }
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| "the token is not a JWT signed with EdDSA")?;
        let fits = |kid: &Option<String>| header.kid.is_none() || *kid == header.kid;
        let mut why = "the token's key is unknown";
        for (_, key) in self.keys.iter().filter(|(kid, _)| fits(kid)) {
            match jsonwebtoken::decode::<Claims>(token, key, &self.validation) {
                Ok(data) => {
                    let Claims { sub, role, exp, .. } = data.claims;
                    return Ok(Verified { caller: Caller { id: CustomerId(sub), role }, exp });
                }
                Err(error) => {
                    #[expect(
                        clippy::wildcard_enum_match_arm,
                        reason = "not exhaustive, and all others say the same"
                    )]
                    let reason = match error.kind() {
                        ErrorKind::ExpiredSignature => "the token has expired",
                        ErrorKind::InvalidIssuer => "the token is of another issuer",
                        ErrorKind::InvalidAudience => "the token is for another audience",
                        ErrorKind::InvalidAlgorithm => "the token is not signed with EdDSA",
                        ErrorKind::InvalidSignature => "the token's signature does not fit",
                        _ => "the token lacks a claim, or one is wrong (iss, aud, sub, role, exp)",
                    };
                    why = reason;
                }
            }
        }
        Err(why)
    }
}

fn read_jwks(jwks: &str) -> anyhow::Result<JwkSet> {
    let inline = jwks.trim_start().starts_with('{');
    let text = if inline {
        jwks.to_owned()
    } else {
        std::fs::read_to_string(jwks).with_context(|| jwks.to_owned())?
    };
    let set: JwkSet = serde_json::from_str(&text)?;
    ensure!(!set.keys.is_empty(), "it has no keys");
    for key in &set.keys {
        let AlgorithmParameters::OctetKeyPair(pair) = &key.algorithm else {
            bail!("only Ed25519 keys are allowed")
        };
        ensure!(pair.curve == EllipticCurve::Ed25519, "only Ed25519 keys are allowed");
    }
    Ok(set)
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

    #[track_caller]
    fn check_refused(jwks: Option<&str>, secret: &str, why: &str) {
        let error = Tokens::new(jwks, &Secret::from(secret.to_owned())).err().expect("refused");
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }

    #[test]
    fn without_a_key_that_can_be_trusted_there_is_no_gateway() {
        check_refused(None, "", "there is no key");
        check_refused(Some(r#"{"keys":[]}"#), "secret", "it has no keys");
        check_refused(Some(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#), "secret", "only Ed25519");
        check_refused(Some("/nowhere/jwks.json"), "secret", "/nowhere/jwks.json");
    }

    #[test]
    fn no_more_tokens_are_remembered_than_fit() {
        let secret = Secret::from("secret".to_owned());
        let tokens = Tokens::new(None, &secret).unwrap();
        let (exp, caller) = (now_s() + 60, Caller { id: CustomerId(Uuid::nil()), role: Role::Customer });
        for number in 0..REMEMBERED {
            tokens.good.write().unwrap().insert(number.to_string().into(), Verified { caller, exp });
        }
        let token = mint(&secret, Uuid::nil(), Role::Admin, Duration::from_secs(60));
        assert_eq!(tokens.verify(&token).unwrap().role, Role::Admin);
        assert_eq!(tokens.remembered(&token).unwrap().role, Role::Admin);
        assert!(tokens.good.read().unwrap().len() <= REMEMBERED);
    }
}
