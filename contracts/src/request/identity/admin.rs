//! Others' accounts, keys of programs, and what only the operator may ask.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most accounts, or entries of a history, on a page.
pub const MAX_USERS: u32 = 100;

/// Lists accounts, the newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListUsers {
    /// Part of the e-mail address or the name, however written.
    pub search: Option<Text<100>>,
    /// Only with this role.
    pub role: Option<Role>,
    /// Only with this status.
    pub status: Option<UserStatus>,
    /// Only older than this one: the last page's `next`.
    pub before: Option<CustomerId>,
    /// 1 to [`MAX_USERS`].
    pub limit: u32,
}

/// Some accounts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UserPage {
    /// The newest first.
    pub users: Vec<UserView>,
    /// Where the next page begins, if there is one.
    pub next: Option<CustomerId>,
}

/// Changes another's account; what is not named stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ChangeUser {
    /// Which.
    pub user_id: CustomerId,
    /// Who wants it: nobody changes the own role or status.
    pub by: Caller,
    /// What its owner may do.
    pub role: Option<Role>,
    /// Whether it may be used.
    pub status: Option<UserStatus>,
    /// Only if it is still this version.
    pub version: Option<i64>,
}

/// Shows what was done with an account, the newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GetHistory {
    /// Which; also one that is gone.
    pub user_id: CustomerId,
    /// Only older than this entry: the last page's `next`.
    pub before: Option<i64>,
    /// 1 to [`MAX_USERS`].
    pub limit: u32,
}

/// Some entries.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// The newest first.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
}

/// Who did what with an account, and when. Without personal data, so it outlives the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEntry {
    /// Grows.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: CustomerId,
    /// As what.
    pub role: Role,
    /// What, such as `suspended` or `role: customer → admin`.
    pub what: String,
}

/// Makes a key for a program of the shop's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreateApiKey {
    /// Who wants it.
    pub by: Caller,
    /// What it is for.
    pub name: Text<100>,
    /// What it may do, such as `orders:read`.
    pub scopes: Vec<Text<50>>,
    /// When it ends, in days from now.
    pub days: u16,
    /// Asked again, it is found again, with what makes it a key.
    #[serde(default)]
    pub once: Option<Once>,
}

/// A key, shown this one time (and to who asks again under the same [`Once::name`], for a day).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewApiKey {
    /// `sk_…`, for `Authorization: Bearer`.
    pub key: Hidden,
    /// The rest.
    pub details: ApiKeyView,
}

/// A key, without what makes it one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyView {
    /// Which.
    pub key_id: SessionId,
    /// What it is for.
    pub name: Text<100>,
    /// What it may do.
    pub scopes: Vec<Text<50>>,
    /// Who made it.
    pub created_by: CustomerId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last asked about: a gateway asks every few seconds while it is used.
    pub last_used_at: Option<Timestamp>,
}

/// Lists all keys, the newest first; at most a thousand.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListApiKeys {}

/// Ends a key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RevokeApiKey {
    /// Who wants it.
    pub by: Caller,
    /// Which.
    pub key_id: SessionId,
}

/// Gives an account the role admin: the operator's way to the first one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MakeAdmin {
    /// Of an account that is there.
    pub email: Email,
}

/// Shows the mails that wait, the newest first; refused where they are sent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListMails {
    /// Only to this address.
    pub to: Option<Email>,
    /// 1 to [`MAX_USERS`].
    pub limit: u32,
}

/// A mail that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailView {
    /// Whereto.
    pub to: Email,
    /// What about.
    pub subject: String,
    /// What it says.
    pub body: Hidden,
    /// When it was written.
    pub at: Timestamp,
}
