//! Coupon codes: which promotions they open, and why one doesn't.

use crate::{Ask, check::folded};
use contracts::{Coupon, PromotionId, Refused};
use std::collections::BTreeMap;

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
