//! SQL: accounts and all that belongs to them.

pub mod accounts;
pub mod addresses;
pub mod api_keys;
pub mod avatars;
pub mod guesses;
pub mod history;
pub mod keys;
pub mod mails;
pub mod oidc;
pub mod once;
pub mod second_factor;
pub mod sessions;
pub mod sweep;
pub mod tokens;

use contracts::Timestamp;
use sqlx::{postgres::PgRow, prelude::*};
use time::OffsetDateTime;

/// What was one when it was stored.
fn parsed<S, T: TryFrom<S>>(stored: S) -> sqlx::Result<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The same for what may be absent.
fn maybe<S, T: TryFrom<S>>(stored: Option<S>) -> sqlx::Result<Option<T>>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    stored.map(parsed).transpose()
}

fn time(row: &PgRow, column: &str) -> sqlx::Result<Timestamp> {
    row.try_get::<OffsetDateTime, _>(column).map(Timestamp::new)
}

fn maybe_time(row: &PgRow, column: &str) -> sqlx::Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<OffsetDateTime>, _>(column)?.map(Timestamp::new))
}

/// A word that stands for a value of an enum, as it does on the wire.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> sqlx::Result<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Whether a unique constraint of this name was violated.
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().is_some_and(|error| error.constraint() == Some(constraint))
}
