//! Everything in Postgres: set-based, rows locked in one order: products, then listings, each by their keys.

pub mod categories;
pub mod coupons;
mod derived;
pub mod images;
pub mod listing;
pub mod pages;
pub mod products;
pub mod rules;
pub mod search;
pub mod shelf;
pub mod words;

/// What was one when it was stored.
fn parsed<S, T: TryFrom<S>>(stored: S) -> sqlx::Result<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}
