//! One row of the file: goods with a price, or dropped for a named reason.

use contracts::{Amount, Line, Quantity, Sku};
use serde::Deserialize;

/// A row as it stands in the file; other columns (a date, say) are not looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// An invoice's number; beginning with C it takes goods back.
    pub invoice_no: String,
    /// What was sold.
    pub stock_code: String,
    /// In words.
    pub description: String,
    /// Pieces; below zero where goods come back.
    pub quantity: String,
    /// Price of one, in pounds.
    pub unit_price: String,
    /// A number, or nothing.
    #[serde(rename = "CustomerID")]
    pub customer_id: String,
    /// In English.
    pub country: String,
}

/// A line that can be sold or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// `CODE@price`.
    pub sku: Sku,
    /// In words; empty when the row has none.
    pub description: String,
    /// Pieces, always counted upwards.
    pub quantity: Quantity,
    /// Price of one, in pence.
    pub price: Amount,
}

impl Goods {
    /// As an order names it.
    #[must_use]
    pub fn line(&self) -> Line {
        Line { sku: self.sku.clone(), quantity: self.quantity, unit_price: self.price }
    }
}

/// Why a row is not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// Postage, fees, discounts, corrections: nothing that lies on a shelf.
    NotGoods,
    /// Neither a number above zero (or below, for a return) nor one that Starling takes.
    Quantity,
    /// A write-off: a price of 0.
    NoPrice,
    /// Not a price in whole pence.
    Price,
    /// Nobody knows what it was.
    NoDescription,
    /// Not a code that can be part of a SKU.
    Code,
}

impl Dropped {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotGoods => "not goods",
            Self::Quantity => "quantity",
            Self::NoPrice => "price 0",
            Self::Price => "price not in whole pence",
            Self::NoDescription => "no description",
            Self::Code => "stock code",
        }
    }
}

/// Codes that stand for money or services: postage (POST, DOT, C2), discounts (D), corrections (M, ADJUST, B),
/// samples (S), fees (AMAZONFEE, BANK CHARGES), a charity (CRUK), packing (PADS).
const NOT_GOODS: [&str; 12] =
    ["POST", "DOT", "C2", "D", "M", "S", "B", "AMAZONFEE", "BANK CHARGES", "CRUK", "PADS", "ADJUST"];

/// Whether a code (in capitals) stands for something that lies on a shelf.
fn is_goods(code: &str) -> bool {
    // Vouchers are money, and their codes name their value: gift_0001_20.
    !NOT_GOODS.contains(&code) && !code.starts_with("GIFT_") && !code.starts_with("TEST")
}

/// Reads a row of a sale or (`returned`) of a return.
///
/// # Errors
/// The first reason for which it cannot be taken over.
pub fn read(row: &Row, returned: bool) -> Result<Goods, Dropped> {
    let code = row.stock_code.trim().to_ascii_uppercase();
    if !is_goods(&code) {
        return Err(Dropped::NotGoods);
    }
    let pieces: i64 = row.quantity.trim().parse().map_err(|_| Dropped::Quantity)?;
    let pieces = if returned { pieces.checked_neg().ok_or(Dropped::Quantity)? } else { pieces };
    let quantity = Quantity::new(pieces).map_err(|_| Dropped::Quantity)?;
    let price = pence(row.unit_price.trim()).ok_or(Dropped::Price)?;
    if price == Amount::ZERO {
        return Err(Dropped::NoPrice);
    }
    let description = row.description.split_whitespace().collect::<Vec<_>>().join(" ");
    if description.is_empty() && !returned {
        return Err(Dropped::NoDescription);
    }
    let sku = format!("{code}@{}", pounds(price));
    Ok(Goods { sku: Sku::new(sku).map_err(|_| Dropped::Code)?, description, quantity, price })
}

/// Pence of a price in pounds with at most two decimals.
fn pence(text: &str) -> Option<Amount> {
    let (pounds, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if pounds.is_empty() || rest.len() > 2 || !digits(pounds) || !digits(rest) {
        return None;
    }
    let pence = format!("{rest:0<2}").parse::<i64>().ok()?;
    Amount::new(pounds.parse::<i64>().ok()?.checked_mul(100)?.checked_add(pence)?).ok()
}

/// An amount in pounds, always with two decimals: one price, one spelling.
#[must_use]
pub fn pounds(price: Amount) -> String {
    format!("{}.{:02}", price.minor() / 100, price.minor() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, description: &str, quantity: &str, price: &str, expected: Result<&str, Dropped>) {
        let row = Row {
            invoice_no: "1".into(),
            stock_code: code.into(),
            description: description.into(),
            quantity: quantity.into(),
            unit_price: price.into(),
            customer_id: String::new(),
            country: String::new(),
        };
        let got = read(&row, false).map(|goods| goods.sku.to_string());
        assert_eq!(got, expected.map(str::to_owned));
    }

    #[test]
    fn a_sku_is_the_code_in_capitals_and_the_price_in_one_spelling() {
        check("85123a", "HEART", "6", "2.55", Ok("85123A@2.55"));
        check("22086", "CHAIN", "6", "2.1", Ok("22086@2.10"));
        check("22086", "CHAIN", "6", "125", Ok("22086@125.00"));
        check("DCGS0003", "ASHTRAY", "1", "0.85", Ok("DCGS0003@0.85"));
    }

    #[test]
    fn what_is_no_sale_of_goods_is_dropped_for_its_reason() {
        check("POST", "POSTAGE", "1", "18", Err(Dropped::NotGoods));
        check("m", "Manual", "1", "18", Err(Dropped::NotGoods));
        check("gift_0001_20", "Voucher", "1", "18", Err(Dropped::NotGoods));
        check("22086", "CHAIN", "-6", "2.1", Err(Dropped::Quantity));
        check("22086", "CHAIN", "0", "2.1", Err(Dropped::Quantity));
        check("22086", "CHAIN", "1000001", "2.1", Err(Dropped::Quantity));
        check("22086", "CHAIN", "1.5", "2.1", Err(Dropped::Quantity));
        check("22086", "CHAIN", "6", "0", Err(Dropped::NoPrice));
        check("22086", "CHAIN", "6", "0.001", Err(Dropped::Price));
        check("22086", "CHAIN", "6", "-1", Err(Dropped::Price));
        check("22086", "CHAIN", "6", "1e3", Err(Dropped::Price));
        check("22086", "CHAIN", "6", "99999999999999999999", Err(Dropped::Price));
        check("22086", "  ", "6", "2.1", Err(Dropped::NoDescription));
        check(&"9".repeat(80), "LONG", "6", "2.1", Err(Dropped::Code));
    }
}
