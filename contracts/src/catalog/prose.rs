//! Longer texts.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A text of at most 10,000 characters in several lines: no control character but the line feed and the tabulator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prose(String);

/// Too long, or with control characters in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at most {max} characters, without control characters", max = Prose::MAX)]
pub struct NotProse;

impl Prose {
    /// The most characters.
    pub const MAX: usize = 10_000;

    /// Checks and takes the text.
    ///
    /// # Errors
    /// When it is too long or has control characters in it.
    pub fn new(text: impl Into<String>) -> Result<Self, NotProse> {
        let text = text.into();
        let good = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
        if text.chars().count() <= Self::MAX && text.chars().all(good) {
            Ok(Self(text))
        } else {
            Err(NotProse)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Prose {
    type Error = NotProse;
    fn try_from(text: String) -> Result<Self, NotProse> {
        Self::new(text)
    }
}

impl From<Prose> for String {
    fn from(prose: Prose) -> Self {
        prose.0
    }
}

impl JsonSchema for Prose {
    fn schema_name() -> Cow<'static, str> {
        "Prose".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": Self::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_lines_but_no_other_control_characters_and_an_end() {
        assert_eq!(Prose::new("a\n\tb").unwrap().as_str(), "a\n\tb");
        assert!(Prose::new("").unwrap().is_empty());
        for wrong in ["a\0", "a\r\n", "a\u{1b}[31m", &"x".repeat(10_001)] {
            assert_eq!(Prose::new(wrong), Err(NotProse));
        }
    }
}
