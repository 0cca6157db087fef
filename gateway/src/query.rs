//! Reading the query of a URL.

use crate::{problem::Problem, wording};
use axum::{extract::FromRequestParts, http::request};
use serde::de::DeserializeOwned;

/// The query's parameters; the types refuse those that are unknown.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads parameters from their text.
pub(crate) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let (field, why) = wording::explain(error.path(), &error.inner().to_string());
        Problem::field(field, why)
    })
}

/// How many things a page has: 1 to `most`, `usual` when nothing is said.
pub(crate) fn page(limit: Option<u32>, usual: u32, most: u32) -> Result<u32, Problem> {
    match limit {
        None => Ok(usual),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::field("limit", format!("a whole number from 1 to {most}"))),
    }
}
