//! A row of a table of listings, as it is imported and exported: a variant in one currency, with what its listing says.

use contracts::{AttributeName, AttributeValue, Text, Variant, WrittenListing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The names of the columns, in their order.
pub(super) const COLUMNS: &[&str] = &[
    "slug",
    "title",
    "description",
    "category",
    "tax_category",
    "published",
    "attributes",
    "sku",
    "price",
    "currency",
    "active",
    "weight_g",
    "options",
];

/// Rows of one listing follow each other; the first says what they have in common. The same SKU again has another currency.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub slug: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub category: String,
    #[serde(default)]
    pub tax_category: String,
    #[serde(default)]
    pub published: Option<bool>,
    /// `name=value`, separated by semicolons; these, and backslashes, stand behind a backslash where they are meant.
    #[serde(default)]
    pub attributes: String,
    pub sku: String,
    pub price: i64,
    pub currency: String,
    #[serde(default)]
    pub active: Option<bool>,
    #[serde(default)]
    pub weight_g: Option<u32>,
    /// Like attributes.
    #[serde(default)]
    pub options: String,
}

impl Row {
    /// The rows of a listing.
    pub fn of(written: &WrittenListing) -> Vec<Self> {
        let WrittenListing { slug, listing } = written;
        let mut rows: Vec<Self> = listing.variants.iter().flat_map(Self::of_variant).collect();
        for row in &mut rows {
            row.slug = slug.to_string();
        }
        if let Some(first) = rows.first_mut() {
            first.title = listing.title.to_string();
            first.description = listing.description.as_str().to_owned();
            first.category = listing.category.as_ref().map(ToString::to_string).unwrap_or_default();
            first.tax_category = listing.tax_category.to_string();
            first.published = Some(listing.published);
            first.attributes = write(&listing.attributes);
        }
        rows
    }

    /// A row for each price; the first says the rest.
    fn of_variant(variant: &Variant) -> Vec<Self> {
        let price = |price: &contracts::PriceIn| Self {
            sku: variant.sku.to_string(),
            price: price.amount.minor(),
            currency: price.currency.as_str().to_owned(),
            ..Self::default()
        };
        let mut rows: Vec<Self> = variant.prices.iter().map(price).collect();
        if let Some(first) = rows.first_mut() {
            first.active = Some(variant.active);
            first.weight_g = variant.weight_g;
            first.options = write(&variant.options);
        }
        rows
    }
}

/// Attributes, or options.
pub(super) type Pairs = BTreeMap<AttributeName, AttributeValue>;

/// Reads pairs; else says what is wrong.
pub(super) fn read(text: &str) -> Result<Pairs, String> {
    let (mut pairs, mut rest) = (Pairs::new(), Some(text));
    while let Some(text) = rest {
        let pair;
        (pair, rest) = cut(text, ';').map_or((text, None), |(pair, rest)| (pair, Some(rest)));
        if pair.trim().is_empty() {
            continue;
        }
        let (name, value) = cut(pair, '=').ok_or("name=value, separated by semicolons")?;
        let name = Text::new(meant(name.trim())).map_err(|why| why.to_string())?;
        pairs.insert(name, Text::new(meant(value.trim())).map_err(|why| why.to_string())?);
    }
    Ok(pairs)
}

/// What stands before and behind the first of these that is not behind a backslash.
fn cut(text: &str, at: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    let place = text.find(|c| {
        let found = c == at && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })?;
    Some((&text[..place], &text[place + at.len_utf8()..]))
}

/// Without the backslashes that say what is meant. Others are themselves.
fn meant(text: &str) -> String {
    let mut chars = text.chars().peekable();
    let mut meant = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let escaped = (c == '\\').then(|| chars.next_if(|next| matches!(next, '\\' | ';' | '='))).flatten();
        meant.push(escaped.unwrap_or(c));
    }
    meant
}

fn write(pairs: &Pairs) -> String {
    let mut text = String::new();
    let escape = |text: &mut String, part: &str| {
        for c in part.chars() {
            if matches!(c, '\\' | ';' | '=') {
                text.push('\\');
            }
            text.push(c);
        }
    };
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push(';');
        }
        escape(&mut text, name.as_str());
        text.push('=');
        escape(&mut text, value.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_were_written_whatever_is_in_them() {
        let text = |text: &str| text.to_owned();
        for (name, value) in [("colour", "red"), ("a=b", "x;y=z"), ("back\\", "\\;\\"), ("ends;", "=")] {
            let pairs = Pairs::from([
                (Text::new(text(name)).unwrap(), Text::new(text(value)).unwrap()),
                (Text::new("z").unwrap(), Text::new("last").unwrap()),
            ]);
            assert_eq!(read(&write(&pairs)), Ok(pairs), "{name} {value}");
        }
        let by_hand = read(" size = L ; path=C:\\x ;; colour=red;").unwrap();
        let told: Vec<_> = by_hand.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, [("colour", "red"), ("path", "C:\\x"), ("size", "L")]);
        assert!(read("nothing").is_err() && read("a\\=b").is_err() && read("=x").is_err());
    }
}
