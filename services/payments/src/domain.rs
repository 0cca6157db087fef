//! The rules of the money: pure, one order at a time, every state and message matched.

mod account;
mod answers;
mod commands;
mod events;
mod refunds;
mod rows;
mod webhooks;
mod words;

pub use account::Account;
pub use rows::{Attempt, Bill, Means, Payment, Progress, Refund, Waiting, WebhookEvent};
pub(crate) use webhooks::key_of;
pub use webhooks::{Notice, NoticeBody};
pub use words::{NoticeOutcome, Outcome, RefundState, State};

use crate::{Hears, Rules, Tells};
use chassis::{
    Decision, Heard, Rows, Why,
    leavers::{self, Leavers},
};
use contracts::OrderId;

/// The most attempts that one order may have: the number has one byte of the answer's message id.
pub const MOST_ATTEMPTS: i32 = 250;

/// Attempts after which no more are begun by command. Each of those so far may still have to be undone by one of
/// our own (a void, a refund), and these must find room below [`MOST_ATTEMPTS`].
pub const MOST_BY_COMMAND: i32 = 120;

/// All accounts that one batch touches.
#[derive(Debug, Clone, Default)]
pub struct Till {
    /// What decisions depend on.
    pub rules: Rules,
    /// By order.
    pub accounts: Rows<OrderId, Account>,
    /// Customers whose accounts are gone.
    pub leavers: Leavers,
}

impl Till {
    /// An empty till, as a simulation begins with.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Decides one message. What is ignored leaves no change.
    pub fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        if let Hears::UserDeleted(gone) = &heard.message {
            return leavers::leave(&mut self.leavers, gone.user_id, heard.at);
        }
        let input = match read(&self.rules, heard) {
            Ok(input) => input,
            Err(why) => return Decision::Ignore(Why::Impossible(why)),
        };
        let order = input.order();
        let before = self.accounts.get(&order);
        let mut account = before.cloned().unwrap_or_else(|| Account::new(order));
        let decision = account.hear(heard, &input);
        let changed = before.map_or(account != Account::new(order), |before| account != *before);
        if changed && matches!(decision, Decision::Accept(_)) {
            self.accounts.put(order, account);
        }
        decision
    }
}

/// A message, a webhook's body read and its signature checked.
pub(crate) enum Input<'a> {
    Message(&'a Hears, OrderId),
    Webhook(Notice),
}

impl Input<'_> {
    pub fn order(&self) -> OrderId {
        match self {
            Self::Message(_, order) => *order,
            Self::Webhook(notice) => notice.order,
        }
    }
}

/// Reads which order a message is about; the error says that it is about none, or what is wrong with a webhook.
pub(crate) fn read<'a>(rules: &Rules, heard: &'a Heard<Hears>) -> Result<Input<'a>, String> {
    let message = &heard.message;
    let order = match message {
        Hears::OrderCreated(m) => m.order_id,
        Hears::OrderCancelled(m) => m.order_id,
        Hears::StockReserved(m) => m.order_id,
        Hears::ShipmentHeld(m) => m.order_id,
        Hears::PaymentAnswered(m) => m.order_id,
        Hears::PayOrder(m) => m.order_id,
        Hears::VerifyPayment(m) => m.order_id,
        Hears::RefundPayment(m) => m.order_id,
        Hears::PaymentWebhook(m) => return Notice::read(rules, heard.at, m).map(Input::Webhook),
        Hears::UserDeleted(_) => return Err("it is about no order".into()),
    };
    Ok(Input::Message(message, order))
}

impl Account {
    fn hear(&mut self, heard: &Heard<Hears>, input: &Input<'_>) -> Decision<Tells> {
        let message = match input {
            Input::Webhook(notice) => return self.hear_webhook(notice, heard.at),
            Input::Message(message, _) => *message,
        };
        match message {
            Hears::OrderCreated(m) => self.hear_created(m),
            Hears::StockReserved(_) => self.hear_reserved(),
            Hears::ShipmentHeld(_) => self.hear_held(),
            Hears::OrderCancelled(m) => self.hear_cancelled(m),
            Hears::PaymentAnswered(m) => self.hear_answered(m),
            Hears::PayOrder(m) => self.hear_pay(heard.id, m),
            Hears::VerifyPayment(m) => self.hear_verify(heard.id, m),
            Hears::RefundPayment(m) => self.hear_refund(heard.id, m),
            Hears::PaymentWebhook(_) | Hears::UserDeleted(_) => {
                Decision::Ignore(Why::Impossible("it is about no order that was read".into()))
            }
        }
    }
}
