//! Passwords and tokens on their way between the gateway and identity.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// A password, a code or a token. It travels by request-reply only, and is never shown: `Debug` has three dots.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hidden(String);

/// The longest secret, in bytes: nothing that is one is longer.
const LONGEST: usize = 1_024;

/// Empty, or longer than anything that is a secret here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a text of 1 to {LONGEST} bytes")]
pub struct NotHidden;

impl Hidden {
    /// The text itself, for the one who needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Hidden {
    type Error = NotHidden;
    fn try_from(text: String) -> Result<Self, NotHidden> {
        if (1..=LONGEST).contains(&text.len()) { Ok(Self(text)) } else { Err(NotHidden) }
    }
}

impl From<Hidden> for String {
    fn from(hidden: Hidden) -> Self {
        hidden.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl JsonSchema for Hidden {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Hidden".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": LONGEST })
    }
}
