//! Coming in and going out.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Asks for an account. The answer is the same whether there is one with this address or not: a mail says the rest.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Register {
    /// Where the mail goes.
    pub email: Email,
    /// The password, once the address is verified.
    pub password: Hidden,
    /// What to call its owner.
    pub name: Option<Text<200>>,
    /// Of mails and pages.
    pub language: Language,
    /// Who asks.
    pub from: IpAddr,
}

/// Proves with a mail's token that an address is one's own: of a new account, or the new one of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct VerifyEmail {
    /// From the mail.
    pub token: Hidden,
}

/// Signs in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Login {
    /// Of the account.
    pub email: Email,
    /// Of the account.
    pub password: Hidden,
    /// Of the second factor, where the account has one: six digits, or a recovery code.
    pub code: Option<Hidden>,
    /// What the session is called in the list.
    pub device: Option<Text<200>>,
    /// Who asks.
    pub from: IpAddr,
}

/// The tokens of a session.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    /// A JWT (RFC 7519) for `Authorization: Bearer`.
    pub access_token: Hidden,
    /// How long it is good, in seconds.
    pub expires_in: u32,
    /// Gets the next pair, once; good for a day from now.
    pub refresh_token: Hidden,
    /// The session.
    pub session_id: SessionId,
    /// The account.
    pub user_id: CustomerId,
}

/// Exchanges a refresh token for a new pair. One that was used before ends the session: it is in two hands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RefreshTokens {
    /// The newest one.
    pub refresh_token: Hidden,
}

/// Ends sessions of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EndSessions {
    /// Whose.
    pub user_id: CustomerId,
    /// One of them; all without it.
    pub session_id: Option<SessionId>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// Sessions that have ended now.
    pub ended: usize,
}

/// Asks for a mail with a token to set a new password. The answer is the same whether there is such an account or not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ForgotPassword {
    /// Of the account.
    pub email: Email,
    /// Who asks.
    pub from: IpAddr,
}

/// Sets a new password with a mail's token; all sessions end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ResetPassword {
    /// From the mail.
    pub token: Hidden,
    /// The new one.
    pub password: Hidden,
}
