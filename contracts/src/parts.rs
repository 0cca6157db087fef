//! The parts that several messages share: texts with limits, SKUs, lines, addresses, choices of payment.

use crate::{Amount, Quantity};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// The most lines that one order may have.
pub const MAX_LINES: usize = 1_000;

/// A text of 1 to `MAX` characters, none of them a control character.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

/// Empty, too long, or with control characters in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a text of 1 to {max} characters, without control characters")]
pub struct NotAText {
    max: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// Checks and takes the text.
    pub fn new(text: impl Into<String>) -> Result<Self, NotAText> {
        let text = text.into();
        let long = text.len() > MAX && text.chars().count() > MAX;
        if text.is_empty() || long || text.chars().any(char::is_control) {
            return Err(NotAText { max: MAX });
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = NotAText;
    fn try_from(text: String) -> Result<Self, NotAText> {
        Self::new(text)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

/// A stock keeping unit: what the shop sells, one price each.
pub type Sku = Text<64>;
/// The client's own reference of a command that adds up (a receipt, an adjustment, a refund): unique for ever.
pub type Reference = Text<100>;
/// A day and part of day to deliver in, such as `2026-11-21-am`.
pub type SlotId = Text<32>;

/// One line of an order: so many of a SKU, at a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// Price of one, in minor units of the order's currency.
    pub unit_price: Amount,
}

/// Where to deliver. Personal data: it travels to shipping and never into logs or spans.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who receives.
    pub name: Text<200>,
    /// Street and number.
    pub line1: Text<200>,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<Text<200>>,
    /// Town.
    pub city: Text<100>,
    /// Postal code, where the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Text<20>>,
    /// ISO 3166-1 alpha-2 country code.
    pub country: Country,
}

impl fmt::Debug for Address {
    /// Only the country: the rest is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, …)", self.country.as_str())
    }
}

/// Two capital letters, as ISO 3166-1 alpha-2 has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct Country([u8; 2]);

/// Not two capital letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 3166-1 alpha-2 country code (two capital letters, such as GB)")]
pub struct NotACountry;

impl Country {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl TryFrom<Cow<'_, str>> for Country {
    type Error = NotACountry;
    fn try_from(text: Cow<'_, str>) -> Result<Self, NotACountry> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| NotACountry)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(NotACountry) }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.as_str().to_owned()
    }
}

impl JsonSchema for Country {
    fn schema_name() -> Cow<'static, str> {
        "Country".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2" })
    }
}

/// How the customer pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The method, by its provider's name for it, such as `sandbox.succeeds`.
    pub method: Text<64>,
    /// The provider's reference for the means of payment (never card data).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Text<200>>,
    /// What becomes of the order when the payment is declined.
    #[serde(default)]
    pub on_decline: OnDecline,
}

impl fmt::Debug for Payment {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payment({}, {:?})", self.method, self.on_decline)
    }
}

/// What becomes of an order whose payment is declined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDecline {
    /// It is cancelled.
    #[default]
    Cancel,
    /// It stays open until its deadline, so that the customer can pay another way.
    Wait,
}

/// Who asks for something, as the gateway found in the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// The token's subject.
    pub id: crate::CustomerId,
    /// What the caller may do.
    pub role: Role,
}

/// Roles, from the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys: sees and cancels the own orders.
    Customer,
    /// Helps: sees all orders.
    Support,
    /// Runs the shop: may do everything.
    Admin,
    /// A program of the shop's: may do everything, with a rate limit of its own.
    Service,
}

impl Role {
    /// May see what belongs to others.
    #[must_use]
    pub const fn sees_all(self) -> bool {
        matches!(self, Self::Support | Self::Admin | Self::Service)
    }

    /// May change what belongs to others.
    #[must_use]
    pub const fn runs_the_shop(self) -> bool {
        matches!(self, Self::Admin | Self::Service)
    }
}
