//! The public keys that tokens are checked with: given, derived for development, or told by identity.

use anyhow::{Context, bail, ensure};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chassis::Secret;
use contracts::PublicKey;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm,
        OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse,
    },
};

/// `kid` of the development key.
pub(crate) const DEVELOPMENT: &str = "dev";
/// The most keys of identity's that are kept: there are two at most times.
const MOST_TOLD: usize = 16;

/// All of them.
#[derive(Default)]
pub(crate) struct Keys {
    /// From the settings.
    fixed: Vec<Key>,
    /// From identity, as it said last.
    told: Vec<Key>,
}

struct Key {
    jwk: Jwk,
    decoding: DecodingKey,
}

impl Keys {
    /// Those of a JWKS (inline, or a file's path); without one the development key, where there is a secret to derive it
    /// from and it is wanted.
    pub fn new(jwks: Option<&str>, secret: &Secret, development: bool) -> anyhow::Result<Self> {
        let jwks = match jwks {
            Some(jwks) => read_jwks(jwks).context("GATEWAY_JWKS")?.keys,
            None if !development || secret.expose().is_empty() => vec![],
            None => {
                let mut key = Jwk::from_encoding_key(&development_key(secret), Algorithm::EdDSA)?;
                key.common.key_id = Some(DEVELOPMENT.into());
                vec![key]
            }
        };
        let fixed = jwks.into_iter().map(Key::new).collect::<anyhow::Result<_>>()?;
        Ok(Self { fixed, told: vec![] })
    }

    /// Takes what identity says in place of what it said before.
    pub fn tell(&mut self, told: &[PublicKey]) -> anyhow::Result<()> {
        self.told =
            told.iter().take(MOST_TOLD).map(|key| Key::new(jwk(key))).collect::<anyhow::Result<_>>()?;
        Ok(())
    }

    /// Those that a token may be signed with whose header names this key, or none.
    pub fn fitting(&self, kid: Option<&str>) -> impl Iterator<Item = &DecodingKey> {
        let fits = move |key: &&Key| kid.is_none() || key.jwk.common.key_id.as_deref() == kid;
        self.fixed.iter().chain(&self.told).filter(fits).map(|key| &key.decoding)
    }

    /// For `/.well-known/jwks.json`.
    pub fn published(&self) -> JwkSet {
        JwkSet { keys: self.fixed.iter().chain(&self.told).map(|key| key.jwk.clone()).collect() }
    }
}

impl Key {
    fn new(jwk: Jwk) -> anyhow::Result<Self> {
        Ok(Self { decoding: DecodingKey::from_jwk(&jwk)?, jwk })
    }
}

/// The private key whose seed is HMAC-SHA256 of `jwt:dev` under the flock's secret.
pub(crate) fn development_key(secret: &Secret) -> EncodingKey {
    /// PKCS #8 (RFC 5958) around the 32 bytes of an Ed25519 seed (RFC 8410).
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let hex = secret.derive("jwt", DEVELOPMENT);
    let digits = hex.expose().as_bytes().chunks_exact(2);
    let seed = digits
        .map(|pair| std::str::from_utf8(pair).map_or(0, |pair| u8::from_str_radix(pair, 16).unwrap_or(0)));
    EncodingKey::from_ed_der(&HEAD.into_iter().chain(seed).collect::<Vec<u8>>())
}

/// As RFC 8037 writes it.
fn jwk(key: &PublicKey) -> Jwk {
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(KeyAlgorithm::EdDSA),
            key_id: Some(key.kid.as_str().to_owned()),
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: key.x.as_str().to_owned(),
        }),
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
        ensure!(
            BASE64_URL_SAFE_NO_PAD.decode(&pair.x).is_ok_and(|x| x.len() == 32),
            "a key is not 32 bytes long"
        );
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(jwks: &str, why: &str) {
        let secret = Secret::from("secret".to_owned());
        let error = Keys::new(Some(jwks), &secret, true).err().expect("refused");
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }

    #[test]
    fn a_key_that_cannot_be_trusted_is_refused_at_the_start() {
        check_refused(r#"{"keys":[]}"#, "it has no keys");
        check_refused(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "only Ed25519");
        check_refused(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#, "32 bytes");
        check_refused("/nowhere/jwks.json", "/nowhere/jwks.json");
    }

    #[test]
    fn the_development_key_is_there_only_where_it_is_wanted() {
        let some = Secret::from("secret".to_owned());
        let keys = |secret: &Secret, wanted| Keys::new(None, secret, wanted).unwrap().published().keys.len();
        assert_eq!(keys(&some, true), 1);
        assert_eq!(keys(&some, false), 0);
        assert_eq!(keys(&Secret::from(String::new()), true), 0, "there is nothing to derive it from");
    }

    #[test]
    fn what_identity_says_takes_the_place_of_what_it_said_before() {
        let mut keys = Keys::new(None, &Secret::from("secret".to_owned()), true).unwrap();
        let key = |kid: &str| PublicKey {
            kid: contracts::Text::new(kid).unwrap(),
            x: contracts::Text::new(BASE64_URL_SAFE_NO_PAD.encode([7; 32])).unwrap(),
        };
        keys.tell(&[key("a"), key("b")]).unwrap();
        keys.tell(&[key("b"), key("c")]).unwrap();
        let known: Vec<_> = keys.published().keys.into_iter().filter_map(|key| key.common.key_id).collect();
        assert_eq!(known, ["dev", "b", "c"]);
        let fitting = |kid| keys.fitting(kid).count();
        assert_eq!((fitting(Some("c")), fitting(Some("a")), fitting(None)), (1, 0, 3));
    }
}
