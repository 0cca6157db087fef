//! The charges in the sandbox's books. Those that come at the same time are written together: thousands a second
//! must not cost a disk sync each.

use super::{Method, failed};
use crate::provider::Charge;
use chassis::CallFailed;
use contracts::{DeclineReason, ProviderAnswer, Timestamp};
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::oneshot;

/// How long the first of a group waits for others.
const GATHER: Duration = Duration::from_millis(1);

/// A charge to be booked, with what becomes of it unless it was booked before.
pub(super) struct Entry {
    key: String,
    method: String,
    amount: i64,
    currency: String,
    outcome: ProviderAnswer,
}

/// A charge that is in the books.
#[derive(Clone)]
pub(super) struct Booked {
    pub answer: ProviderAnswer,
    /// It was not there before.
    pub fresh: bool,
}

impl Entry {
    pub fn new(charge: &Charge, method: Method, now: Timestamp) -> Self {
        Self {
            key: charge.key.clone(),
            method: charge.method.as_str().to_owned(),
            amount: charge.amount.minor(),
            currency: charge.currency.as_str().to_owned(),
            outcome: method.outcome(now),
        }
    }
}

type Answer = oneshot::Sender<Result<Booked, CallFailed>>;

/// The charges that wait to be written. Whoever comes first to an empty group leads it: waits a moment for others,
/// takes a connection, and writes for all.
#[derive(Default)]
pub(super) struct Charges {
    waiting: Mutex<Vec<(Entry, Answer)>>,
}

impl Charges {
    /// Books a charge, and waits until it is on disk.
    pub async fn book(&self, pool: &PgPool, entry: Entry) -> Result<Booked, CallFailed> {
        let (tell, told) = oneshot::channel();
        if self.join(entry, tell) {
            // A leader that is given up on the way must not leave a group without a leader behind.
            let group = Leading(self);
            tokio::time::sleep(GATHER).await;
            let mut db = pool.acquire().await.map_err(failed)?;
            write(&mut db, group.take()).await;
        }
        told.await.unwrap_or_else(|_| Err(CallFailed("the sandbox gave up writing its books".to_owned())))
    }

    /// Joins the group; says whether it was empty.
    fn join(&self, entry: Entry, tell: Answer) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((entry, tell));
        waiting.len() == 1
    }

    fn take(&self) -> Vec<(Entry, Answer)> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A group and its leader: dropped before the group was taken, the group is told that nothing came of it.
struct Leading<'a>(&'a Charges);

impl Leading<'_> {
    fn take(self) -> Vec<(Entry, Answer)> {
        let group = self.0.take();
        std::mem::forget(self);
        group
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

async fn write(db: &mut PgConnection, mut group: Vec<(Entry, Answer)>) {
    // In the order of keys, so that two groups with the same keys do not wait for each other.
    group.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
    match insert(db, &group).await {
        Ok(mut booked) => {
            for (entry, tell) in group {
                let lost = || CallFailed(format!("the sandbox's books lost {}", entry.key));
                // A key may stand in a group twice: only its first is fresh.
                let again = |was: &Booked| Booked { fresh: false, ..was.clone() };
                let told = booked
                    .get(&entry.key)
                    .map(again)
                    .and_then(|again| booked.insert(entry.key.clone(), again));
                // Nobody may be waiting any more: then the same key comes again.
                drop(tell.send(told.ok_or_else(lost)));
            }
        }
        Err(error) => {
            let error = failed(error);
            for (_, tell) in group {
                drop(tell.send(Err(error.clone())));
            }
        }
    }
}

/// One statement for the new ones, and one more only if some were there before.
async fn insert(db: &mut PgConnection, group: &[(Entry, Answer)]) -> sqlx::Result<BTreeMap<String, Booked>> {
    const NEW: &str = "insert into charge (key, method, amount, currency, state, why, expires_at) \
        select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
            $7::timestamptz[]) \
        on conflict (key) do nothing returning key, state, why, expires_at";
    const KNOWN: &str = "select key, state, why, expires_at from charge where key = any($1)";
    let entries = || group.iter().map(|(entry, _)| entry);
    let columns = || entries().map(|entry| columns(&entry.outcome));
    let fresh = sqlx::query(NEW)
        .bind(Vec::from_iter(entries().map(|e| e.key.as_str())))
        .bind(Vec::from_iter(entries().map(|e| e.method.as_str())))
        .bind(Vec::from_iter(entries().map(|e| e.amount)))
        .bind(Vec::from_iter(entries().map(|e| e.currency.as_str())))
        .bind(Vec::from_iter(columns().map(|(state, _, _)| state)))
        .bind(Vec::from_iter(columns().map(|(_, why, _)| why)))
        .bind(Vec::from_iter(columns().map(|(_, _, expires_at)| expires_at)))
        .fetch_all(&mut *db)
        .await?;
    let mut booked = BTreeMap::new();
    for row in &fresh {
        booked.insert(row.try_get("key")?, Booked { answer: answer(row)?, fresh: true });
    }
    let known: Vec<&str> =
        entries().map(|e| e.key.as_str()).filter(|key| !booked.contains_key(*key)).collect();
    if !known.is_empty() {
        for row in &sqlx::query(KNOWN).bind(known).fetch_all(db).await? {
            booked.insert(row.try_get("key")?, Booked { answer: answer(row)?, fresh: false });
        }
    }
    Ok(booked)
}

/// Calls a charge off, if it is pending.
pub(super) async fn void(pool: &PgPool, key: &str) -> sqlx::Result<()> {
    let sql = "update charge set state = 'voided' where key = $1 and state = 'pending'";
    sqlx::query(sql).bind(key).execute(pool).await.map(drop)
}

/// How a charge stands.
pub(super) async fn find(pool: &PgPool, key: &str) -> sqlx::Result<Option<ProviderAnswer>> {
    let sql = "select state, why, expires_at from charge where key = $1";
    sqlx::query(sql).bind(key).fetch_optional(pool).await?.as_ref().map(answer).transpose()
}

/// State, reason and expiry of a charge with this outcome.
fn columns(outcome: &ProviderAnswer) -> (&'static str, Option<&'static str>, Option<OffsetDateTime>) {
    match outcome {
        ProviderAnswer::Pending { expires_at } => ("pending", None, Some(expires_at.inner())),
        ProviderAnswer::Declined { why } => ("declined", Some(reason_word(*why)), None),
        ProviderAnswer::Voided => ("voided", None, None),
        ProviderAnswer::Captured
        | ProviderAnswer::Refunded
        | ProviderAnswer::RefundFailed { .. }
        | ProviderAnswer::NotFound => ("captured", None, None),
    }
}

fn answer(row: &PgRow) -> sqlx::Result<ProviderAnswer> {
    let why = || {
        row.try_get("why").map(|why| match why {
            "insufficient_funds" => DeclineReason::InsufficientFunds,
            "expired" => DeclineReason::Expired,
            _ => DeclineReason::Declined,
        })
    };
    Ok(match row.try_get("state")? {
        "captured" => ProviderAnswer::Captured,
        "pending" => ProviderAnswer::Pending { expires_at: Timestamp::new(row.try_get("expires_at")?) },
        "voided" => ProviderAnswer::Voided,
        _ => ProviderAnswer::Declined { why: why()? },
    })
}

const fn reason_word(why: DeclineReason) -> &'static str {
    match why {
        DeclineReason::InsufficientFunds => "insufficient_funds",
        DeclineReason::Expired => "expired",
        DeclineReason::Declined | DeclineReason::UnknownMethod => "declined",
    }
}
