//! One's own account.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most addresses of an account.
pub const MAX_ADDRESSES: usize = 20;
/// The largest avatar, in bytes: in base64 it must fit into one message of NATS.
pub const MAX_AVATAR: usize = 512 << 10;

/// Sets a new password; all other sessions end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ChangePassword {
    /// Whose.
    pub user_id: CustomerId,
    /// The session that goes on.
    pub session_id: Option<SessionId>,
    /// The old one.
    pub current: Hidden,
    /// The new one.
    pub password: Hidden,
}

/// Asks for another e-mail address: a mail to it has a token, a mail to the old one a warning.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ChangeEmail {
    /// Whose.
    pub user_id: CustomerId,
    /// The new one.
    pub email: Email,
    /// Proof.
    pub password: Hidden,
}

/// Lists the sessions of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListSessions {
    /// Whose.
    pub user_id: CustomerId,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    /// Which.
    pub session_id: SessionId,
    /// What it was called at login.
    pub device: Option<Text<200>>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last got tokens.
    pub last_used_at: Timestamp,
    /// When it ends unless it is used again.
    pub expires_at: Timestamp,
}

/// Shows an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetUser {
    /// Which.
    pub user_id: CustomerId,
}

/// An account, as its owner and admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserView {
    /// Which.
    pub user_id: CustomerId,
    /// Verified.
    pub email: Email,
    /// What to call its owner.
    pub name: Option<Text<200>>,
    /// What its owner may do.
    pub role: Role,
    /// Whether it may be used.
    pub status: UserStatus,
    /// Whether login asks for a second factor.
    pub second_factor: bool,
    /// Language, currency and channels.
    pub preferences: Preferences,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows by one with every change.
    pub version: i64,
}

/// Changes what an account's owner is called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SetProfile {
    /// Whose.
    pub user_id: CustomerId,
    /// None takes it away.
    pub name: Option<Text<200>>,
}

/// Changes how an account's owner wants to be spoken to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SetPreferences {
    /// Whose.
    pub user_id: CustomerId,
    /// All of them.
    pub preferences: Preferences,
}

/// Lists the addresses of an account, the default one first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListAddresses {
    /// Whose.
    pub user_id: CustomerId,
}

/// A saved address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedAddress {
    /// Which.
    pub address_id: AddressId,
    /// What its owner calls it, such as `home`.
    pub label: Option<Text<50>>,
    /// Whether it is offered first: one of them is.
    pub is_default: bool,
    /// The address.
    pub address: Address,
}

/// Saves a new address, or changes one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SaveAddress {
    /// Whose.
    pub user_id: CustomerId,
    /// The one to change; a new one without it.
    pub address_id: Option<AddressId>,
    /// What its owner calls it.
    pub label: Option<Text<50>>,
    /// Whether it is offered first from now on; the first address always is.
    pub is_default: bool,
    /// The address.
    pub address: Address,
    /// Of a new one: asked again, it is found again.
    #[serde(default)]
    pub once: Option<Once>,
}

/// Deletes an address; if it was the default, the oldest of the others becomes it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeleteAddress {
    /// Whose.
    pub user_id: CustomerId,
    /// Which.
    pub address_id: AddressId,
}

/// Sets or takes away the picture of an account's owner.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SetAvatar {
    /// Whose.
    pub user_id: CustomerId,
    /// A PNG, JPEG or WebP of at most [`MAX_AVATAR`] bytes, in base64; none takes it away.
    pub picture: Option<String>,
}

/// Shows the picture.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetAvatar {
    /// Whose.
    pub user_id: CustomerId,
}

/// A picture.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Avatar {
    /// As its content says: `image/png`, `image/jpeg` or `image/webp`.
    pub media_type: String,
    /// In base64.
    pub picture: String,
}

/// Everything that is kept about an account's owner.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExportUser {
    /// Whose.
    pub user_id: CustomerId,
}

/// Everything that identity keeps about an account's owner, but for secrets, which it keeps only as hashes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// The account.
    pub account: UserView,
    /// Its addresses.
    pub addresses: Vec<SavedAddress>,
    /// Its sessions that have not ended.
    pub sessions: Vec<SessionView>,
    /// Its owner's accounts at OpenID providers.
    #[serde(default)]
    pub linked: Vec<LinkedAccount>,
    /// Its picture.
    pub avatar: Option<Avatar>,
    /// What was done with it, and by whom; the newest thousand entries.
    pub history: Vec<HistoryEntry>,
}

/// Deletes an account and all that is personal in it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeleteUser {
    /// Which.
    pub user_id: CustomerId,
    /// Who wants it.
    pub by: Caller,
    /// The owner's proof; an admin needs none.
    pub password: Option<Hidden>,
}

/// Begins a second factor: a secret for an authenticator app (TOTP, RFC 6238). It counts once it is confirmed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnrolTotp {
    /// Whose.
    pub user_id: CustomerId,
    /// Proof.
    pub password: Hidden,
}

/// A secret for an authenticator app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TotpSecret {
    /// In base32, to be typed.
    pub secret: Hidden,
    /// `otpauth://totp/…`, to be shown as a QR code.
    pub uri: Hidden,
}

/// Proves that the app has the secret: from now on login asks for its code.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmTotp {
    /// Whose.
    pub user_id: CustomerId,
    /// Six digits.
    pub code: Hidden,
}

/// Codes for when the app is lost, each good once. They are shown this one time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryCodes {
    /// The codes.
    pub recovery_codes: Vec<Hidden>,
}

/// Takes the second factor away.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DropTotp {
    /// Whose.
    pub user_id: CustomerId,
    /// Proof.
    pub password: Hidden,
    /// Proof: six digits, or a recovery code.
    pub code: Hidden,
}
