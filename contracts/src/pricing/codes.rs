//! What becomes of coupon codes.

use crate::CouponCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
