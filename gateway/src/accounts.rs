//! Accounts: what clients say about them, handed to identity. Secrets pass through here and leave no trace.

pub(crate) mod addresses;
pub(crate) mod api_keys;
pub(crate) mod identities;
pub(crate) mod me;
pub(crate) mod oidc;
pub(crate) mod picture;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
pub(crate) mod users;

use axum::http::StatusCode;

/// What is looked for when an account is not found.
const ACCOUNT: &str = "account";

/// Done, and nothing to tell.
pub(crate) const fn done(_: ()) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Heard; a mail says the rest.
pub(crate) const fn heard(_: ()) -> StatusCode {
    StatusCode::ACCEPTED
}
