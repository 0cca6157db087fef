//! What customers order.

use crate::shelves;
use serde_json::json;

/// What customers order.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// SKUs that are ordered, each as often as the other.
    pub skus: usize,
    /// The fewest and the most lines of an order; all numbers between are as frequent.
    pub lines: (usize, usize),
    /// One in so many orders is cancelled by its customer as soon as it is accepted; 0: none.
    pub cancelled_one_in: usize,
}

impl Default for Mix {
    /// Two lines, of 200 SKUs.
    fn default() -> Self {
        Self { skus: 200, lines: (2, 2), cancelled_one_in: 0 }
    }
}

/// One order's body, and whether its customer will cancel it.
pub struct Wish {
    /// JSON.
    pub body: String,
    /// It will be cancelled.
    pub cancel: bool,
}

/// A small generator of random numbers (xorshift): the same orders in every run.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator of its own for each number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

impl Mix {
    /// The next order.
    #[must_use]
    pub fn wish(&self, random: &mut Random) -> Wish {
        let (fewest, most) = self.lines;
        let count = fewest + random.below(most - fewest + 1);
        let line = |number: usize| {
            let sku = shelves::sku(random.below(self.skus));
            json!({"sku": sku, "quantity": 1 + number % 2, "unit_price": shelves::PRICE})
        };
        let lines: Vec<_> = (0..count).map(line).collect();
        let body = json!({
            "currency": "GBP",
            "lines": lines,
            "address": {
                "name": "Ada Buyer", "line1": "1 Bench Road", "city": "London", "postal_code": "N1 9GU", "country": "GB"
            },
            "payment": {"method": "sandbox.succeeds"},
        });
        let cancel = self.cancelled_one_in > 0 && random.below(self.cancelled_one_in) == 0;
        Wish { body: body.to_string(), cancel }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn all_numbers_of_lines_and_all_skus_come_and_one_in_ten_is_cancelled() {
        let mix = Mix { skus: 5, lines: (1, 20), cancelled_one_in: 10 };
        let (mut random, mut lines, mut skus, mut cancelled) =
            (Random::new(1), BTreeSet::new(), BTreeSet::new(), 0);
        for _ in 0..5_000 {
            let wish = mix.wish(&mut random);
            let body: serde_json::Value = serde_json::from_str(&wish.body).unwrap();
            let of_order = body["lines"].as_array().unwrap();
            lines.insert(of_order.len());
            skus.extend(of_order.iter().map(|line| line["sku"].as_str().unwrap().to_owned()));
            cancelled += usize::from(wish.cancel);
        }
        assert_eq!(lines, (1..=20).collect());
        assert_eq!(skus, (0..5).map(shelves::sku).collect());
        assert!((400..600).contains(&cancelled), "{cancelled}");
    }
}
