//! What a payment provider is to us.

use chassis::CallFailed;
use contracts::{Amount, Currency, ProviderAnswer, Text};
use std::{future::Future, time::Duration};

/// A payment provider. Whatever is sent again under the same key gets the same answer and moves no more money.
///
/// An answer is a certainty. What is not certain (no connection, no answer in time, an error on the other side) is
/// [`CallFailed`]: the same call is made again later.
pub trait Provider: Send + Sync + 'static {
    /// Its name, as in the webhooks' path.
    fn name(&self) -> &'static str;

    /// Whether it has this method of payment.
    fn has(&self, method: &str) -> bool;

    /// How long it remembers keys. A charge or a refund whose outcome is unknown for longer is looked up, never
    /// sent again: it could be carried out a second time.
    fn key_life(&self) -> Duration;

    /// Takes money. Captured, pending or declined.
    fn charge(&self, charge: &Charge) -> impl Future<Output = Result<Reply, CallFailed>> + Send;

    /// Calls a pending charge off. Voided; captured, if it was paid before; declined, if it was over anyway.
    fn void(&self, charge_key: &str) -> impl Future<Output = Result<Reply, CallFailed>> + Send;

    /// Gives money back. Refunded or refund failed.
    fn refund(&self, refund: &Giveback) -> impl Future<Output = Result<Reply, CallFailed>> + Send;

    /// How the charge or refund with this key stands; not found, if there is none.
    fn look_up(&self, key: &str) -> impl Future<Output = Result<Reply, CallFailed>> + Send;
}

/// A certain answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it is.
    pub answer: ProviderAnswer,
    /// The provider's own reference, if it gave one.
    pub provider_ref: Option<Text<100>>,
}

/// Money to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The idempotency key.
    pub key: String,
    /// How.
    pub method: Text<64>,
    /// The provider's reference for the means of payment.
    pub token: Option<Text<200>>,
    /// How much, above zero.
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
    /// How often it is sent, with this one: 1 the first time.
    pub calls: i32,
}

/// Money to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giveback {
    /// The idempotency key.
    pub key: String,
    /// The charge's.
    pub charge_key: String,
    /// How much, above zero.
    pub amount: Amount,
}
