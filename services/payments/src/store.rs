//! The accounts in Postgres: all that a batch touches is read, and all that changed is written, set by set.
//!
//! Locks are taken in one order: payments by id, then their attempts by number. Refunds and webhook events are only
//! touched under the lock of their payment.

mod attempts;
mod erase;
mod payments;
mod refunds;
mod webhooks;

pub(crate) use attempts::purpose;
pub use erase::Erased;

use crate::domain::{Account, Attempt, Payment, Refund, Till, WebhookEvent, read};
use crate::{Hears, Rules, calls::Leased};
use chassis::{AfterCommit, Db, Heard, Lease, Rows, Writes, leavers};
use contracts::{CustomerId, OrderId, Reference};
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Loads the accounts that a batch is about.
pub(crate) async fn load(rules: &Rules, db: &mut Db, heard: &[Heard<Hears>]) -> sqlx::Result<Till> {
    let orders: BTreeSet<Uuid> =
        heard.iter().filter_map(|heard| read(rules, heard).ok()).map(|input| input.order().0).collect();
    let payments = payments::load(db, &Vec::from_iter(orders)).await?;
    // Most orders have nothing in the other tables yet, which their row knows.
    let with = |has: fn(&Payment) -> bool| -> Vec<Uuid> {
        payments.iter().filter(|(_, payment)| has(payment)).map(|(order, _)| order.0).collect()
    };
    let mut attempts = by_order(attempts::load(db, &with(|p| p.attempts > 0)).await?);
    let mut refunds = by_order(refunds::load(db, &with(|p| p.refunds > 0)).await?);
    let mut webhooks = by_order(webhooks::load(db, &with(|p| p.webhooks > 0)).await?);
    let accounts = payments.into_iter().map(|(order, payment)| {
        let account = Account {
            order,
            payment,
            attempts: rows(attempts.remove(&order)),
            refunds: rows(refunds.remove(&order)),
            webhooks: rows(webhooks.remove(&order)),
        };
        (order, account)
    });
    let accounts = accounts.collect();
    let leavers = leavers::load(db, heard.iter().filter_map(gone).collect()).await?;
    Ok(Till { rules: rules.clone(), accounts, leavers })
}

fn gone(heard: &Heard<Hears>) -> Option<CustomerId> {
    let Hears::UserDeleted(gone) = &heard.message else { return None };
    Some(gone.user_id)
}

/// Says what changed. Whoever closes an attempt goes before who opens one, since only one charge may be open.
pub(crate) fn save(till: &Till, lease: Lease, writes: &mut Writes) -> AfterCommit<Leased> {
    let Children { attempts, refunds, webhooks } = Children::of(till);
    attempts::update(writes, &attempts.changed);
    if attempts.changed.iter().any(|(order, ..)| attempts.fresh.iter().any(|(opens, ..)| opens == order)) {
        writes.then();
    }
    let recorded = attempts::insert(writes, &attempts.fresh, lease);
    payments::insert(writes, till.accounts.fresh());
    payments::update(writes, till.accounts.changed());
    refunds::update(writes, &refunds.changed);
    refunds::insert(writes, &refunds.fresh);
    webhooks::update(writes, &webhooks.changed);
    webhooks::insert(writes, &webhooks.fresh);
    leavers::save(writes, &till.leavers);
    AfterCommit { attempts: recorded, ..AfterCommit::default() }
}

/// The rows under the accounts that are to be written.
#[derive(Default)]
struct Children<'a> {
    attempts: ToWrite<'a, i32, Attempt>,
    refunds: ToWrite<'a, Reference, Refund>,
    webhooks: ToWrite<'a, webhooks::Key, WebhookEvent>,
}

struct ToWrite<'a, K, V> {
    fresh: Vec<(OrderId, &'a K, &'a V)>,
    changed: Vec<(OrderId, &'a K, &'a V)>,
}

impl<K, V> Default for ToWrite<'_, K, V> {
    fn default() -> Self {
        Self { fresh: vec![], changed: vec![] }
    }
}

impl<'a> Children<'a> {
    fn of(till: &'a Till) -> Self {
        let mut children = Self::default();
        for (order, account) in till.accounts.fresh().chain(till.accounts.changed()) {
            children.attempts.add(*order, &account.attempts);
            children.refunds.add(*order, &account.refunds);
            children.webhooks.add(*order, &account.webhooks);
        }
        children
    }
}

impl<'a, K: Ord, V> ToWrite<'a, K, V> {
    fn add(&mut self, order: OrderId, rows: &'a Rows<K, V>) {
        self.fresh.extend(rows.fresh().map(|(key, value)| (order, key, value)));
        self.changed.extend(rows.changed().map(|(key, value)| (order, key, value)));
    }
}

/// One order's payment, to be looked at.
pub(crate) async fn view(db: &PgPool, order: OrderId) -> sqlx::Result<Option<Payment>> {
    payments::view(db, order).await
}

fn by_order<K: Ord, V>(found: Vec<(OrderId, K, V)>) -> BTreeMap<OrderId, Vec<(K, V)>> {
    let mut by_order: BTreeMap<OrderId, Vec<(K, V)>> = BTreeMap::new();
    for (order, key, value) in found {
        by_order.entry(order).or_default().push((key, value));
    }
    by_order
}

fn rows<K: Ord, V>(found: Option<Vec<(K, V)>>) -> Rows<K, V> {
    found.unwrap_or_default().into_iter().collect()
}

/// A value in the database that is none of ours.
pub(crate) fn broken(what: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(format!("not a stored {what}").into())
}
