//! Languages.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A language, as BCP 47 writes it: two or three small letters, and a country where it matters, such as `en` or `pt-BR`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(Cow<'static, str>);

/// Not of that form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a language, such as en or pt-BR")]
pub struct NotALanguage;

impl Language {
    /// What is spoken when nothing is said.
    pub const ENGLISH: Self = Self(Cow::Borrowed("en"));

    /// Checks and takes a language.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn new(text: String) -> Result<Self, NotALanguage> {
        let (language, country) = text.split_once('-').map_or((text.as_str(), None), |(l, c)| (l, Some(c)));
        let good = (2..=3).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_lowercase())
            && country
                .is_none_or(|country| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()));
        if good { Ok(Self(text.into())) } else { Err(NotALanguage) }
    }

    /// The language.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;
    fn try_from(text: String) -> Result<Self, NotALanguage> {
        Self::new(text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0.into_owned()
    }
}

impl JsonSchema for Language {
    fn schema_name() -> Cow<'static, str> {
        "Language".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z]{2,3}(-[A-Z]{2})?$", "description": "BCP 47" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_small_letters_and_a_country_large_ones() {
        for good in ["en", "pt-BR", "gsw", "gsw-CH"] {
            assert_eq!(Language::new(good.into()).unwrap().as_str(), good);
        }
        for wrong in ["", "e", "EN", "en-gb", "en-GBR", "en_GB", "english", "en-", "é"] {
            assert_eq!(Language::new(wrong.into()), Err(NotALanguage), "{wrong}");
        }
    }
}
