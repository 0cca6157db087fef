//! Zones: where the shop delivers.

use contracts::{Address, Country, Text};

/// A zone's id.
pub type ZoneId = Text<32>;

/// A country, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its id.
    pub id: ZoneId,
    /// ISO 3166-1 alpha-2.
    pub country: Country,
    /// What the postal codes of the zone begin with, in capitals, without spaces and hyphens; empty: all.
    pub postal_prefix: String,
    /// Whether the shop delivers there.
    pub served: bool,
    /// Parcels go in slots, each with room for so many.
    pub has_slots: bool,
}

/// The zones of the countries that a batch is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zones(pub Vec<Zone>);

impl Zones {
    /// The zone that serves a place: the one whose prefix fits the postal code best.
    #[must_use]
    pub fn serving(&self, country: Country, postal_code: Option<&Text<20>>) -> Option<&Zone> {
        let code: String = postal_code
            .map_or("", Text::as_str)
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let fitting =
            self.0.iter().filter(|zone| zone.country == country && code.starts_with(&zone.postal_prefix));
        fitting.max_by_key(|zone| zone.postal_prefix.len()).filter(|zone| zone.served)
    }

    /// The zone that serves an address.
    #[must_use]
    pub fn of(&self, address: &Address) -> Option<&Zone> {
        self.serving(address.country, address.postal_code.as_ref())
    }
}
