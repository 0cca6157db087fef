//! Who bought: the data has numbers only, so ids are derived and addresses made up.

use contracts::{Address, Country, CustomerId, MessageId, Text};

/// The customer's id: the same for the same number in every file, and one of its own for every invoice without.
#[must_use]
pub fn customer_of(number: Option<&str>, invoice: &str) -> CustomerId {
    let id = match number {
        Some(number) => MessageId::named(&["retail customer", number]),
        None => MessageId::named(&["retail guest", invoice]),
    };
    CustomerId(id.0)
}

/// An address for a parcel: only the country is the data's.
#[must_use]
pub fn address(number: Option<&str>, country: Country) -> Address {
    let name = number.map_or_else(|| "Guest".to_owned(), |number| format!("Customer {number}"));
    Address {
        name: Text::new(name).unwrap_or_else(|_| fixed("Customer")),
        line1: fixed("1 Sample Street"),
        line2: None,
        city: fixed("Sampleton"),
        postal_code: None,
        country,
    }
}

fn fixed<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).expect("short texts without control characters")
}
