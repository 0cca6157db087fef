//! Tokens that a provider could give, and tokens that somebody would like us to take for such.

use super::*;
use crate::{
    oidc::{provider::Provider, settings::OidcProvider},
    signer,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chassis::Secret;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openidconnect::core::CoreProviderMetadata;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.org/";
const CLIENT: &str = "shop";
const SECRET: &str = "a client's secret";
const NONCE: &str = "the nonce";
const SEED: [u8; 32] = [7; 32];

/// A client of a provider with one key.
fn client() -> Client {
    let x = signer::public(&SEED).unwrap();
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "one", "x": x }] });
    let metadata = json!({
        "issuer": ISSUER, "authorization_endpoint": "https://id.example.org/auth",
        "token_endpoint": "https://id.example.org/token", "jwks_uri": "https://id.example.org/keys",
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        // Whatever it says that it signs with: we choose.
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA", "HS256", "none"],
    });
    let metadata: CoreProviderMetadata = serde_json::from_value(metadata).unwrap();
    let metadata = metadata.set_jwks(serde_json::from_value(keys).unwrap());
    let provider: OidcProvider =
        serde_json::from_value(json!({ "name": "sso", "issuer": ISSUER, "client_id": CLIENT })).unwrap();
    let secret = Some(Secret::from(SECRET.to_owned()));
    Provider::new(&provider, secret, "https://shop.example.org").client(&metadata).unwrap()
}

fn claims() -> Value {
    let now = chassis::clock::now().millis() / 1_000;
    json!({ "iss": ISSUER, "aud": CLIENT, "sub": "ann", "nonce": NONCE, "iat": now, "exp": now + 300 })
}

fn header(algorithm: Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) }
}

fn signed(claims: &Value) -> String {
    jsonwebtoken::encode(&header(Algorithm::EdDSA, "one"), claims, &signer::key(&SEED)).unwrap()
}

fn answer(id_token: Option<&str>) -> CoreTokenResponse {
    let mut answer = json!({ "access_token": "at", "token_type": "Bearer" });
    if let Some(id_token) = id_token {
        answer["id_token"] = json!(id_token);
    }
    serde_json::from_value(answer).unwrap()
}

#[track_caller]
fn check(token: &str, expected: Result<&str, Wrong>) {
    let found = verified(&client(), &answer(Some(token)), &Nonce::new(NONCE.to_owned()));
    let found = found.map(|claims| claims.subject().to_string());
    assert_eq!(found.as_deref().map_err(|wrong| *wrong), expected, "{token}");
}

/// Claims with one of them otherwise.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

#[test]
fn a_token_of_the_provider_for_us_in_answer_to_this_sign_in_is_believed() {
    check(&signed(&claims()), Ok("ann"));
    check(&signed(&with("aud", json!([CLIENT]))), Ok("ann"));
    let missing = verified(&client(), &answer(None), &Nonce::new(NONCE.to_owned())).map(|_| ());
    assert_eq!(missing, Err(Wrong::Missing));
}

#[test]
fn a_token_for_others_of_others_or_of_another_time_is_not() {
    let now = chassis::clock::now().millis() / 1_000;
    check(&signed(&with("exp", json!(now - 1))), Err(Wrong::Expired));
    check(&signed(&with("aud", json!("another shop"))), Err(Wrong::Audience));
    check(&signed(&with("aud", json!([CLIENT, "another shop"]))), Err(Wrong::Audience));
    check(&signed(&with("iss", json!("https://id.example.org"))), Err(Wrong::Issuer));
    check(&signed(&with("nonce", json!("of another sign-in"))), Err(Wrong::Nonce));
    check(&signed(&with("nonce", Value::Null)), Err(Wrong::Nonce));
    check(&signed(&with("at_hash", json!("c29tZXRoaW5nIGVsc2U"))), Err(Wrong::AccessToken));
}

#[test]
fn a_token_that_the_provider_did_not_sign_is_not() {
    let encode = |header: Header, key: EncodingKey| jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    check(&encode(header(Algorithm::EdDSA, "one"), signer::key(&[8; 32])), Err(Wrong::Signature));
    check(&encode(header(Algorithm::EdDSA, "two"), signer::key(&SEED)), Err(Wrong::Key));
    // What anybody can sign who knows the client's secret, or the public key.
    let public = signer::public(&SEED).unwrap();
    for secret in [SECRET, &public] {
        let key = EncodingKey::from_secret(secret.as_bytes());
        check(&encode(header(Algorithm::HS256, "one"), key), Err(Wrong::Signature));
    }
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let bare = format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims()));
    check(&bare, Err(Wrong::Signature));
    // Signed, and changed afterwards.
    let good = signed(&claims());
    let (head, signature) = (good.split('.').next().unwrap(), good.rsplit('.').next().unwrap());
    let changed = format!("{head}.{}.{signature}", part(&with("sub", json!("eve"))));
    check(&changed, Err(Wrong::Signature));
}
