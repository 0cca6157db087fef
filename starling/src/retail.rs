//! A retailer's invoices, as dirty as they are, read into products, orders and returns.
//!
//! What is kept, what is dropped and why is told in `docs/real-data.md`; nothing is dropped without being counted.

mod buyer;
mod country;
mod invoice;
mod line;
mod product;
mod returns;
mod source;

pub use buyer::{address, customer_of};
pub use country::country_of;
pub use invoice::{Invoice, Retail, Unplaced};
pub use line::{Dropped, Goods, pounds};
pub use product::{products, stock_for_all};
pub use returns::{Return, Untraced, trace};
pub use source::Source;

use std::collections::BTreeMap;

/// How often something was met, by its name; ordered, so that reports are the same every time.
pub type Counts = BTreeMap<String, u64>;

/// Counts one more of `what`.
pub fn count(counts: &mut Counts, what: &str) {
    *counts.entry(what.to_owned()).or_default() += 1;
}
