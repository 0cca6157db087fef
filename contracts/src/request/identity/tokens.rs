//! What every gateway must know to tell good tokens from bad ones.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most ended sessions on a page.
pub const MAX_REVOKED: u32 = 5_000;

/// Asks for the public keys of tokens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetKeys {}

/// A public key that access tokens are signed with, now, soon, or until lately: Ed25519 (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicKey {
    /// Its name in the tokens' headers.
    pub kid: Text<64>,
    /// The key, in base64url.
    pub x: Text<64>,
}

/// Makes a new signing key, which signs as soon as every gateway knows it. For the operator.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RotateKeys {}

/// Asks which sessions have ended whose tokens may still be good.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListRevoked {
    /// Only those that ended after this place: the last answer's `next`.
    pub after: Option<RevokedPlace>,
}

/// A place in the order of ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevokedPlace {
    /// When the session ended.
    pub at: Timestamp,
    /// Which.
    pub session_id: SessionId,
}

/// Some of them, in the order of their ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RevokedPage {
    /// At most [`MAX_REVOKED`].
    pub sessions: Vec<Revoked>,
    /// Where the next page begins, if there is one.
    pub next: Option<RevokedPlace>,
}

/// Asks whose an API key is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CheckApiKey {
    /// `sk_…`
    pub key: Hidden,
}

/// A program of the shop's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyHolder {
    /// The key.
    pub key_id: SessionId,
    /// What it may do.
    pub scopes: Vec<Text<50>>,
    /// When it ends.
    pub expires_at: Timestamp,
}
