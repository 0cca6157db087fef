//! Coupon codes: which promotions they open, and why one doesn't.

use crate::{Ask, Coupon, check::folded};
use contracts::{CouponCode, PromotionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of a code that the customer typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeAnswer {
    /// As it was typed.
    pub code: CouponCode,
    /// Why it takes nothing off; none: it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// Why a code takes nothing off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// There is no such code, or its promotion is gone.
    Unknown,
    /// Its time has not come.
    NotYet,
    /// Its time is over.
    Over,
    /// As many orders used it as may.
    UsedUp,
    /// The customer used it as often as one may.
    UsedUpByCustomer,
    /// Another code opens the same promotion.
    SameAsAnother,
    /// It is for another currency.
    OtherCurrency,
    /// The order is below the promotion's minimum.
    BelowMinimum,
    /// It cannot be used with another promotion that took something off.
    NotCombinable,
    /// Nothing in the cart that it could take something off.
    NothingToTakeOff,
}

/// The coupons that open promotions, by promotion, and an answer for every code that doesn't.
pub fn opened(ask: &Ask) -> (BTreeMap<PromotionId, Coupon>, BTreeMap<String, Refused>) {
    let coupons: BTreeMap<String, &Coupon> = ask.coupons.iter().map(|it| (folded(&it.code), it)).collect();
    let mut open = BTreeMap::new();
    let mut refused = BTreeMap::new();
    let mut codes: Vec<String> = ask.codes.iter().map(folded).collect();
    codes.sort();
    codes.dedup();
    for code in codes {
        match coupons.get(&code).ok_or(Refused::Unknown).and_then(|coupon| usable(coupon, ask)) {
            Err(why) => {
                refused.insert(code, why);
            }
            Ok(coupon) if open.contains_key(&coupon.promotion) => {
                refused.insert(code, Refused::SameAsAnother);
            }
            Ok(coupon) => {
                open.insert(coupon.promotion.clone(), coupon.clone());
            }
        }
    }
    (open, refused)
}

fn usable<'a>(coupon: &'a Coupon, ask: &Ask) -> Result<&'a Coupon, Refused> {
    if !ask.promotions.iter().any(|it| it.needs_code && it.id == coupon.promotion) {
        Err(Refused::Unknown)
    } else if coupon.period.is_to_come(ask.at) {
        Err(Refused::NotYet)
    } else if coupon.period.is_over(ask.at) {
        Err(Refused::Over)
    } else if coupon.limit.is_some_and(|limit| coupon.used >= limit) {
        Err(Refused::UsedUp)
    } else if coupon.limit_per_customer.is_some_and(|limit| coupon.used_by_customer >= limit) {
        Err(Refused::UsedUpByCustomer)
    } else {
        Ok(coupon)
    }
}
