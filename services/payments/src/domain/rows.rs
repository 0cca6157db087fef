//! The rows of an account: its payment, the attempts at the provider, the refunds, the provider's notices.

use super::{NoticeOutcome, Outcome, RefundState, State};
use contracts::{
    Amount, Currency, CustomerId, MessageId, OnDecline, PaymentPurpose, Reference, Text, Timestamp,
};
use std::fmt;

/// How an order's payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Whose order; unknown until it is created or cancelled.
    pub customer: Option<CustomerId>,
    /// How far it is.
    pub state: State,
    /// What order.created said.
    pub bill: Option<Bill>,
    /// stock.reserved is known.
    pub reserved: bool,
    /// shipment.held is known.
    pub held: bool,
    /// order.cancelled is known.
    pub cancelled: bool,
    /// What came in, without surplus.
    pub captured: Amount,
    /// By which charge.
    pub captured_by: Option<i32>,
    /// Open and succeeded refunds of the captured amount.
    pub counted: Amount,
    /// Succeeded refunds of the captured amount.
    pub refunded: Amount,
    /// Number of the last attempt.
    pub attempts: i32,
    /// How many refunds there are.
    pub refunds: i32,
    /// How many webhook events were kept.
    pub webhooks: i32,
    /// Another way to pay, which begins once the pending charge is voided.
    pub waiting: Option<Waiting>,
}

/// What is to be paid, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// What the order costs.
    pub total: Amount,
    /// Of the total.
    pub currency: Currency,
    /// How it was to be paid at first.
    pub means: Means,
    /// What becomes of the order when it is declined.
    pub on_decline: OnDecline,
}

/// How something is paid.
#[derive(Clone, PartialEq, Eq)]
pub struct Means {
    /// The method, by its provider's name for it.
    pub method: Text<64>,
    /// The provider's reference for the means of payment.
    pub token: Option<Text<200>>,
}

impl fmt::Debug for Means {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.method)
    }
}

/// A way to pay that has to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The command that asked for it.
    pub command: MessageId,
    /// The other way.
    pub means: Means,
}

/// One thing that the provider is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What.
    pub purpose: PaymentPurpose,
    /// By which means.
    pub means: Means,
    /// How much.
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
    /// What a void, a refund or a look-up is about.
    pub of: Option<i32>,
    /// The command that asked for it.
    pub asked_by: Option<MessageId>,
    /// The refund's.
    pub reference: Option<Reference>,
    /// The provider's own reference, once it answered.
    pub provider_ref: Option<Text<100>>,
    /// How far it is.
    pub progress: Progress,
    /// How often it was leased to be called.
    pub calls: i32,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// To be called, or to be called again.
    Due,
    /// Somebody is calling.
    Leased,
    /// The outcome is known. (A pending charge is not over.)
    Answered(Outcome),
    /// Never sent, and never will be.
    Withdrawn,
}

impl Attempt {
    /// Whether the provider may know of it.
    #[must_use]
    pub const fn was_sent(&self) -> bool {
        self.calls > 0
    }

    /// Whether its outcome is not known.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Due | Progress::Leased)
    }

    /// Whether it is a charge that may still bring money.
    #[must_use]
    pub fn is_live_charge(&self) -> bool {
        let pending = matches!(self.progress, Progress::Answered(Outcome::Pending));
        self.purpose == PaymentPurpose::Charge && (self.is_open() || pending)
    }

    /// Whether it is a charge that brought money.
    #[must_use]
    pub fn is_captured_charge(&self) -> bool {
        self.purpose == PaymentPurpose::Charge && self.progress == Progress::Answered(Outcome::Captured)
    }
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// How much.
    pub amount: Amount,
    /// How far it is.
    pub state: RefundState,
    /// Its own attempt.
    pub attempt: i32,
    /// The charge that it is of.
    pub of: i32,
}

/// A webhook that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The charge that it is about.
    pub attempt: i32,
    /// What it says.
    pub outcome: NoticeOutcome,
    /// The provider's own reference of the charge.
    pub provider_ref: Option<Text<100>>,
    /// Whether it was acted upon; else its charge was not sent yet, as far as we know.
    pub matched: bool,
    /// When it was received.
    pub at: Timestamp,
}
