//! What `identity` tells: accounts; and what its tokens say.

mod email;
mod hidden;
mod language;

pub use email::{Email, NotAnEmail};
pub use hidden::Hidden;
pub use language::{Language, NotALanguage};

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where identity says on core NATS that sessions have ended ([`SessionsRevoked`]).
pub const SESSION_REVOKED: &str = "live.session.revoked";
/// `iss` and `aud` of every access token.
pub const STARLING: &str = "starling";
/// The longest that an access token may live, in seconds: so long a revoked session must be remembered.
pub const ACCESS_TOKEN_MAX_S: i64 = 3_600;

/// An account is new or another than it was. Full state, without secrets: keep the highest version.
///
/// Personal data is only what a listener needs to reach its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserChanged {
    /// Whose.
    pub user_id: CustomerId,
    /// Where mails go; verified.
    pub email: Email,
    /// What its owner may do.
    pub role: Role,
    /// Whether it may be used.
    pub status: UserStatus,
    /// Language, currency and channels.
    pub preferences: Preferences,
    /// Grows by one with every change.
    pub version: i64,
}

/// An account is gone: whoever keeps personal data of its owner erases it. Nothing comes after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserDeleted {
    /// Whose.
    pub user_id: CustomerId,
    /// Higher than that of every [`UserChanged`] of the account.
    pub version: i64,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// It may.
    Active,
    /// An admin has suspended it.
    Suspended,
}

/// How its owner wants to be spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// Of mails and pages.
    pub language: Language,
    /// In which prices are shown, where the shop has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How news of orders come.
    pub channels: Channels,
}

impl Default for Preferences {
    /// English, the shop's currency, by mail.
    fn default() -> Self {
        Self { language: Language::ENGLISH, currency: None, channels: Channels::default() }
    }
}

/// How news of orders come. Mails about the account itself always come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// By mail.
    pub email: bool,
    /// By text message.
    pub sms: bool,
    /// On the device.
    pub push: bool,
    /// Also what is for sale.
    pub marketing: bool,
}

impl Default for Channels {
    /// By mail, and nothing that nobody asked for.
    fn default() -> Self {
        Self { email: true, sms: false, push: false, marketing: false }
    }
}

/// What an access token says: claims as RFC 7519 names them, and `role` and `sid` of our own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer: [`STARLING`].
    pub iss: String,
    /// Audience: [`STARLING`].
    pub aud: String,
    /// The account.
    pub sub: uuid::Uuid,
    /// What its bearer may do.
    pub role: Role,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// The session that it belongs to; development tokens have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

/// Sessions that have ended: none of their tokens may be used any more. Told on [`SESSION_REVOKED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsRevoked {
    /// Which; API keys, too.
    pub sessions: Vec<Revoked>,
}

/// A session that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// Which.
    pub session_id: SessionId,
    /// From then on all of its tokens have expired, and it may be forgotten.
    pub until: Timestamp,
}
