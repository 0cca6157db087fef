//! What a cart costs, and how every amount came about: promotions, coupons and taxes in integers.
//!
//! [`quote()`] is a pure function: prices, promotions, coupons, rates, place and time come in; a [`Quote`] comes out.
//! [`verify()`] works a breakdown out again without knowing the promotions; [`explain()`] says it in sentences.
//!
//! **Rounding.** There is one rule. An amount that is a fraction of another (a percentage, some of a line's pieces,
//! a tax) is rounded once, *half up*, for the line and the step. An amount that is divided among lines is divided by
//! *largest remainder*, ties to the SKU that comes first. Sums are added up from rounded parts and never rounded.
//! Minor units are all there is, so currencies with none or three decimals (JPY, KWD) follow the same rule.
//!
//! **Lines.** Lines of one SKU are one line, and lines are priced in the order of their SKUs. So neither the order of
//! lines nor a line split in two changes any amount.
//!
//! **Order of promotions.** The promotion with the highest priority goes first, then by id. Each takes its share of
//! what those before it left. A minimum is compared with the order before discounts. An exclusive promotion that
//! takes something off stands alone: it is skipped if another took something off before it, and ends the round if
//! none did.
//!
//! **Tax.** A line is taxed at one rate: the one in force for its tax category whose place is the most precise.
//! A place without any rate is an error, not free of tax: a rate of zero must be said.

mod check;
mod coupons;
mod discounts;
mod explain;
mod input;
mod quote;
mod rounding;
mod taxes;
mod totals;
mod verify;

pub use check::{NotPriced, folded, speaks_of_amounts};
pub use contracts::{
    Benefit, Category, CodeAnswer, Coupon, Destination, Item, MAX_CODES, MAX_PROMOTIONS, MAX_TAX_RATES,
    Period, Promotion, Refused, Scope, TaxRate,
};
pub use explain::explain;
pub use input::Ask;
pub use quote::{Quote, quote};
pub use verify::{Inconsistent, verify};
