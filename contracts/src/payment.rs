//! What `payments` hears and tells: the money.

use crate::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The customer pays a pending or declined order another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PayOrder {
    /// Which.
    pub order_id: OrderId,
    /// Who asks: only the order's customer, or an admin.
    pub by: Caller,
    /// The other way.
    pub payment: Payment,
}

/// The provider is asked how a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyPayment {
    /// Of which order.
    pub order_id: OrderId,
    /// Who asks: only the order's customer, or an admin.
    pub by: Caller,
}

/// A provider's notification; its signature was checked at the gateway and is checked again by payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentWebhook {
    /// Which provider.
    pub provider: Text<32>,
    /// The body as it came, at most 16 KiB: that is what the signature covers.
    pub body: String,
    /// `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
    pub signature: Text<200>,
}

/// Give money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundPayment {
    /// Of which order.
    pub order_id: OrderId,
    /// The client's own; the same one again refunds nothing more.
    pub reference: Reference,
    /// How much, in minor units; none: all that is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

/// Something that the provider is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentPurpose {
    /// Take the money.
    Charge,
    /// Call off a charge that is pending.
    Void,
    /// Give money back.
    Refund,
    /// Ask how an attempt stands.
    LookUp,
}

/// What the provider answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ProviderAnswer {
    /// Charge or look-up: the money is there. Void: too late, it was charged already.
    Captured,
    /// Charge or look-up: not decided yet; a webhook will tell.
    Pending {
        /// When the provider gives it up.
        expires_at: Timestamp,
    },
    /// Charge or look-up: no.
    Declined {
        /// Why.
        why: DeclineReason,
    },
    /// Void or look-up: it will never be charged.
    Voided,
    /// Refund: the money went back.
    Refunded,
    /// Refund: it did not.
    RefundFailed {
        /// Why.
        why: Text<200>,
    },
    /// Look-up: the provider knows nothing of such an attempt.
    NotFound,
}

/// Why a payment was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The provider says no without more words.
    Declined,
    /// Not enough on the account.
    InsufficientFunds,
    /// No provider has this method.
    UnknownMethod,
    /// The provider gave the pending payment up.
    Expired,
}

/// One exchange with the provider, masked: the service's own event, which it decides upon when it hears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentAnswered {
    /// Of which order.
    pub order_id: OrderId,
    /// The attempt's number within the order.
    pub attempt: i32,
    /// What was asked.
    pub purpose: PaymentPurpose,
    /// By which method.
    pub method: Text<64>,
    /// How much it was about.
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
    /// The provider's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_ref: Option<Text<100>>,
    /// The answer.
    pub answer: ProviderAnswer,
}

/// The money is there. (Elsewhere called "payment processed".)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCaptured {
    /// For which order.
    pub order_id: OrderId,
    /// By which attempt.
    pub attempt: i32,
    /// How much.
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
    /// How much by which method; adds up to the amount.
    pub parts: Vec<PaymentPart>,
    /// The order was paid already, or cancelled: this goes back.
    #[serde(default)]
    pub surplus: bool,
}

/// How much was paid by a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentPart {
    /// The method.
    pub method: Text<64>,
    /// How much.
    pub amount: Amount,
}

/// The provider is waiting for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentPending {
    /// For which order.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: i32,
    /// When the provider gives it up.
    pub expires_at: Timestamp,
}

/// No money, and no other attempt that could still bring it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentDeclined {
    /// For which order.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: i32,
    /// Why.
    pub why: DeclineReason,
}

/// Never charged, and never will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentVoided {
    /// For which order.
    pub order_id: OrderId,
    /// Which attempt; none when none was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
}

/// Money went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRefunded {
    /// Of which order.
    pub order_id: OrderId,
    /// The client's reference, or one made of the attempt where the flock itself refunds.
    pub reference: Reference,
    /// How much.
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
}

/// Money did not go back: a person has to see to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRefundFailed {
    /// Of which order.
    pub order_id: OrderId,
    /// Of the refund.
    pub reference: Reference,
    /// How much.
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
    /// The provider's reason.
    pub why: Text<200>,
}

/// A command to payments was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCommandRefused {
    /// Of which order.
    pub order_id: OrderId,
    /// The command's subject.
    pub command: Text<64>,
    /// Why.
    pub why: PaymentRefusal,
    /// The command's reference, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// Why a command to payments was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentRefusal {
    /// No such order, or not the caller's.
    UnknownOrder,
    /// The order is cancelled.
    Cancelled,
    /// The stock is not reserved (yet).
    NotReady,
    /// A charge is under way.
    Charging,
    /// It is paid already.
    Captured,
    /// Nothing was captured, so nothing can go back.
    NotCaptured,
    /// More than what is left of the captured amount.
    MoreThanCaptured,
    /// There is no attempt to ask the provider about.
    NothingToVerify,
    /// So much was tried for this order that no more attempts are begun by command.
    TooManyAttempts,
}
