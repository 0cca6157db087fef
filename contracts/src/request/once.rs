//! Requests that make something, asked again.

use crate::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Says which requests are one and the same, however often they come: for a day, what was made is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Once {
    /// Made of the kind of request, the caller, and the caller's own key for it.
    pub name: Uuid,
    /// SHA-256 of what is asked for, in hex: something else under the same name is refused.
    pub body_hash: Text<64>,
}

/// What a request made, now or when it came first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Made<T> {
    /// The thing.
    #[serde(flatten)]
    pub made: T,
    /// Whether it was there already, since the same request came before.
    #[serde(default)]
    pub replayed: bool,
}
