//! What was healed, and what could not be.

use chassis::Outgoing;
use contracts::{CustomerId, OrderId, Timestamp, stream_of};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The most that are listed of one kind; JSON has all.
const PRINTED: usize = 1_000;

/// An order that its customer was told was accepted, and that nobody ever heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The order.
    pub order_id: OrderId,
    /// Who placed it.
    pub customer_id: CustomerId,
    /// When.
    pub accepted_at: Timestamp,
}

/// A consumer that was set back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reset {
    /// Whose.
    pub service: &'static str,
    /// On which stream.
    pub stream: &'static str,
    /// From where it hears again.
    pub sequence: u64,
    /// So many messages it had passed over.
    pub passed_over: usize,
}

/// All that was done, or would be.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Nothing was changed.
    pub dry_run: bool,
    /// From when on; without it all that the journals have.
    pub since: Option<Timestamp>,
    /// Messages that each stream had.
    pub held: BTreeMap<&'static str, usize>,
    /// Messages that were published again, by stream.
    pub told_again: BTreeMap<&'static str, usize>,
    /// Products that catalog tells again.
    pub products: usize,
    /// Accounts that identity tells again, and that somebody has left.
    pub accounts: usize,
    /// Consumers that had passed something over.
    pub consumers: Vec<Reset>,
    /// Placements that were told 202 and are gone.
    pub lost: Vec<Lost>,
    /// Placements of the last day that were never known to be stored: their customers were told to come again (or
    /// the promise was taken back by an earlier heal). A repetition places them.
    pub unstored: Vec<Lost>,
    /// Orders whose payment waits for its provider's webhook.
    pub pending_payments: BTreeSet<OrderId>,
}

impl Report {
    /// Nothing found yet.
    #[must_use]
    pub const fn begin(dry_run: bool, since: Option<Timestamp>) -> Self {
        Self {
            dry_run,
            since,
            held: BTreeMap::new(),
            told_again: BTreeMap::new(),
            products: 0,
            accounts: 0,
            consumers: vec![],
            lost: vec![],
            unstored: vec![],
            pending_payments: BTreeSet::new(),
        }
    }

    /// Counts what is published again.
    pub fn told_again(&mut self, messages: &[Outgoing]) {
        for message in messages {
            let stream = stream_of(&message.subject).map_or("none", |stream| stream.name);
            *self.told_again.entry(stream).or_default() += 1;
        }
    }

    /// Whether nothing is lost for good.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.lost.is_empty()
    }

    /// Whether the streams had lost anything at all.
    #[must_use]
    pub fn found_something(&self) -> bool {
        !(self.told_again.is_empty() && self.consumers.is_empty() && self.lost.is_empty())
            || self.products + self.accounts > 0
    }

    /// For people.
    pub fn print(&self) {
        let (told, set_back, gone) = if self.dry_run {
            ("to be told again", "to be set back to", "to be taken back")
        } else {
            ("told again", "set back to", "taken back")
        };
        for (stream, held) in &self.held {
            let again = self.told_again.get(stream).copied().unwrap_or_default();
            println!("{stream}: {held} messages, {again} more {told}");
        }
        if self.products > 0 {
            println!("{} products {told} by catalog", self.products);
        }
        if self.accounts > 0 {
            println!("{} accounts {told} by identity", self.accounts);
        }
        for Reset { service, stream, sequence, passed_over } in &self.consumers {
            println!(
                "{service} on {stream}: {set_back} message {sequence}; it had passed over {passed_over}"
            );
        }
        for Lost { order_id, customer_id, accepted_at } in self.lost.iter().take(PRINTED) {
            println!("lost: order {order_id} of customer {customer_id}, accepted {accepted_at}");
        }
        if !self.lost.is_empty() {
            println!(
                "{} orders were accepted and are lost, and so may be other commands of that time. The promise is {gone}: \
                 who repeats the request under its idempotency key places the order",
                self.lost.len()
            );
        }
        if self.found_something() {
            for order in self.pending_payments.iter().take(PRINTED) {
                println!("pending: {order}: its webhook may be lost: POST /v1/payments/{order}/verify");
            }
        }
        println!("{}", if self.is_whole() { "nothing is lost" } else { "what is named above is lost" });
    }
}
