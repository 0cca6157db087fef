//! Names in URLs.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// A name in a URL: 1 to 80 small letters, digits and single hyphens between them, such as `brown-betty-teapot`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Not of that form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("1 to {max} small letters, digits and single hyphens between them", max = Slug::MAX)]
pub struct NotASlug;

impl Slug {
    /// The most characters.
    pub const MAX: usize = 80;

    /// Checks and takes a slug.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn new(text: impl Into<String>) -> Result<Self, NotASlug> {
        let text = text.into();
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.len() <= Self::MAX && text.split('-').all(part) { Ok(Self(text)) } else { Err(NotASlug) }
    }

    /// The slug that is nearest to a text; none when the text has no letter or digit of ASCII.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut slug = words.collect::<Vec<_>>().join("-");
        slug.truncate(Self::MAX);
        Self::new(slug.trim_end_matches('-')).ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = NotASlug;
    fn try_from(text: String) -> Result<Self, NotASlug> {
        Self::new(text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl JsonSchema for Slug {
    fn schema_name() -> Cow<'static, str> {
        "Slug".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": Self::MAX, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_small_letters_and_digits_between_single_hyphens() {
        for good in ["a", "9", "brown-betty-2", &"x".repeat(80)] {
            assert_eq!(Slug::new(good).unwrap().as_str(), good);
        }
        for wrong in ["", "-", "a-", "-a", "a--b", "A", "a b", "é", "a/b", &"x".repeat(81)] {
            assert_eq!(Slug::new(wrong), Err(NotASlug), "{wrong}");
        }
    }

    #[test]
    fn the_nearest_slug_of_a_text_keeps_its_letters_and_digits() {
        let of = |text| Slug::of(text).map(String::from);
        assert_eq!(of("TEA-EARL_GREY  250 (g)").as_deref(), Some("tea-earl-grey-250-g"));
        assert_eq!(of("ÄÖ"), None);
        assert_eq!(of(&"a-".repeat(60)).map(|slug| slug.len()), Some(80 - 1), "no hyphen at the end");
    }
}
