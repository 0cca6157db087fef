//! Coming in with an account elsewhere: OpenID Connect (authorization code with PKCE).

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Begins a sign-in with an OpenID provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StartOidc {
    /// Its name in the settings.
    pub provider: Text<32>,
    /// Who asks.
    pub from: IpAddr,
}

/// Where the browser goes now, and how it is known again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OidcStarted {
    /// The provider's page.
    pub url: Text<4_000>,
    /// For a cookie: only the browser that began may finish.
    pub browser: Hidden,
    /// How long it may take, in seconds.
    pub expires_in: u32,
}

/// Finishes it: the browser has come back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FinishOidc {
    /// Its name in the settings.
    pub provider: Text<32>,
    /// What the provider gave the browser; none if it did not let its owner in.
    pub code: Option<Hidden>,
    /// As it went out.
    pub state: Hidden,
    /// From the cookie.
    pub browser: Hidden,
    /// Who the provider says that it is (RFC 9207), if it does.
    pub issuer: Option<Text<1_000>>,
    /// Who asks.
    pub from: IpAddr,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OidcFinished {
    /// The tokens of a new session.
    SignedIn(SignedIn),
    /// The account has a second factor, and its code is needed, too.
    CodeNeeded(CodeNeeded),
}

/// An account at an OpenID provider, with which its owner comes in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkedAccount {
    /// The provider's issuer.
    pub issuer: String,
    /// The provider's name for it.
    pub subject: String,
    /// Since when.
    pub linked_at: Timestamp,
}

/// Lists the accounts at OpenID providers with which somebody comes in, the oldest link first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListIdentities {
    /// Whose.
    pub user_id: CustomerId,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityView {
    /// Which.
    pub identity_id: IdentityId,
    /// The provider's name in the settings; none if it is not there any more, and lets nobody in.
    pub provider: Option<Text<32>>,
    /// The account there.
    #[serde(flatten)]
    pub account: LinkedAccount,
}

/// Takes one away: it opens the account no more, until its owner comes in with it anew.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RemoveIdentity {
    /// Whose.
    pub user_id: CustomerId,
    /// Which.
    pub identity_id: IdentityId,
}

/// Stands for a sign-in that lacks only the second factor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CodeNeeded {
    /// To be sent with the code; good once.
    pub ticket: Hidden,
    /// How long it is good, in seconds.
    pub expires_in: u32,
}

/// The code of the second factor, for a sign-in with an OpenID provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FinishOidcCode {
    /// What was given for the rest.
    pub ticket: Hidden,
    /// Six digits, or a recovery code.
    pub code: Hidden,
    /// What the session is called in the list.
    pub device: Option<Text<200>>,
    /// Who asks.
    pub from: IpAddr,
}
