//! Money: integers in minor units with an ISO 4217 currency. No floating point anywhere.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};

/// The largest amount of one price, payment or total, in minor units: 10^13 (a hundred thousand million euros),
/// far below where a sum of a thousand lines could overflow 64 bits.
pub const MAX_AMOUNT: i64 = 10_000_000_000_000;

/// An ISO 4217 alphabetic code, such as `GBP`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct Currency([u8; 3]);

/// The active codes of ISO 4217 (list one, 2026), without funds, metals and test codes.
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD \
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG \
QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD \
TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Not an ISO 4217 currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code (three capital letters, such as GBP)")]
pub struct NotACurrency;

impl Currency {
    /// The code's three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The same as a word of the program's own: there are no more of them than ISO 4217 has.
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES.split_ascii_whitespace().find(|known| known.as_bytes() == self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;
    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        let known = CODES.split_ascii_whitespace().any(|known| known.as_bytes() == code);
        if known { Ok(Self(code)) } else { Err(NotACurrency) }
    }
}

impl TryFrom<Cow<'_, str>> for Currency {
    type Error = NotACurrency;
    fn try_from(text: Cow<'_, str>) -> Result<Self, NotACurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 alphabetic code" })
    }
}

/// An amount in minor units (pence, cents; yen as they are), 0 to [`MAX_AMOUNT`]. Its currency stands beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// An amount below zero or above [`MAX_AMOUNT`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a whole number of minor units from 0 to {MAX_AMOUNT}")]
pub struct NotAnAmount;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `amount` minor units.
    pub fn new(amount: i64) -> Result<Self, NotAnAmount> {
        if (0..=MAX_AMOUNT).contains(&amount) { Ok(Self(amount)) } else { Err(NotAnAmount) }
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// This and `other` together.
    pub fn plus(self, other: Self) -> Result<Self, NotAnAmount> {
        Self::new(self.0 + other.0)
    }

    /// What is left of this after `other`, never below zero.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0))
    }

    /// This many times over.
    pub fn times(self, quantity: Quantity) -> Result<Self, NotAnAmount> {
        self.0.checked_mul(i64::from(quantity.get())).ok_or(NotAnAmount).and_then(Self::new)
    }
}

impl TryFrom<i64> for Amount {
    type Error = NotAnAmount;
    fn try_from(amount: i64) -> Result<Self, NotAnAmount> {
        Self::new(amount)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": MAX_AMOUNT, "description": "minor units" })
    }
}

/// How many pieces: 1 to [`Quantity::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Quantity(u32);

/// A quantity below one or above [`Quantity::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is a whole number from 1 to {max}", max = Quantity::MAX)]
pub struct NotAQuantity;

impl Quantity {
    /// A million pieces in one line are taken for a mistake or an attack.
    pub const MAX: u32 = 1_000_000;

    /// `pieces` of something.
    pub fn new(pieces: i64) -> Result<Self, NotAQuantity> {
        match u32::try_from(pieces) {
            Ok(pieces @ 1..=Self::MAX) => Ok(Self(pieces)),
            Ok(_) | Err(_) => Err(NotAQuantity),
        }
    }

    /// The number of pieces.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<i64> for Quantity {
    type Error = NotAQuantity;
    fn try_from(pieces: i64) -> Result<Self, NotAQuantity> {
        Self::new(pieces)
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> Self {
        Self::from(quantity.0)
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": Self::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_currency_amount_or_quantity_cannot_be_made() {
        for text in ["", "gbp", "GB", "GBPX", "XXX", "€€"] {
            assert_eq!(text.parse::<Currency>(), Err(NotACurrency), "{text}");
        }
        assert_eq!("GBP".parse::<Currency>().unwrap().as_str(), "GBP");
        for amount in [-1, MAX_AMOUNT + 1, i64::MIN, i64::MAX] {
            assert_eq!(Amount::new(amount), Err(NotAnAmount), "{amount}");
        }
        for pieces in [0, -1, 1_000_001, 1_000_000_000_000] {
            assert_eq!(Quantity::new(pieces), Err(NotAQuantity), "{pieces}");
        }
    }

    #[test]
    fn a_product_that_would_be_too_large_is_refused_not_wrapped() {
        let dear = Amount::new(MAX_AMOUNT).unwrap();
        assert_eq!(dear.times(Quantity::new(2).unwrap()), Err(NotAnAmount));
        assert_eq!(dear.plus(Amount::new(1).unwrap()), Err(NotAnAmount));
    }
}
