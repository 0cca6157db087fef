//! The table `attempt`, as decisions see it. (What the caller does with it is in [`crate::calls`].)

use super::broken;
use super::payments::{amount, optional_text, text};
use crate::calls::Leased;
use crate::domain::{Attempt, Means, Outcome, Progress};
use chassis::{Db, Lease, Recorded, Writes};
use contracts::{MessageId, OrderId, PaymentPurpose, Text};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

/// The attempts of these orders, locked in the order of their keys, so that the caller leases none meanwhile.
pub(super) async fn load(db: &mut Db, orders: &[Uuid]) -> sqlx::Result<Vec<(OrderId, i32, Attempt)>> {
    const SQL: &str = "select order_id, number, purpose, method, token, amount, currency, of_attempt, asked_by, \
        reference, provider_ref, state, outcome, calls \
        from attempt where order_id = any($1) order by order_id, number for update";
    if orders.is_empty() {
        return Ok(vec![]);
    }
    let rows = sqlx::query(SQL).bind(orders).fetch_all(db).await?;
    rows.iter().map(attempt).collect()
}

/// Records new attempts: the first of them leased at once, as far as the caller has places, the others due.
pub(super) fn insert(
    writes: &mut Writes,
    rows: &[(OrderId, &i32, &Attempt)],
    lease: Lease,
) -> Recorded<Leased> {
    const SQL: &str = "insert into attempt (order_id, number, purpose, method, token, amount, currency, \
            of_attempt, asked_by, reference, provider_ref, state, outcome, calls, first_sent_at, next_try_at) \
        select u.order_id, u.number, u.purpose, u.method, u.token, u.amount, u.currency, u.of_attempt, u.asked_by, \
            u.reference, u.provider_ref, case when u.leased then 'leased' else u.state end, u.outcome, \
            u.leased::int, case when u.leased then now() end, \
            now() + case when u.leased then $15::bigint else 0 end * interval '1 millisecond' \
        from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], \
            $7::text[], $8::integer[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bool[]) \
            as u(order_id, number, purpose, method, token, amount, currency, of_attempt, asked_by, reference, \
            provider_ref, state, outcome, leased)";
    if rows.is_empty() {
        return Recorded::default();
    }
    let (which, due) = lease.which(rows.iter().map(|(_, _, attempt)| attempt.progress == Progress::Due));
    let leased = rows.iter().zip(&which).filter(|(_, leased)| **leased);
    let leased =
        leased.map(|((order, number, attempt), _)| Leased::recorded(*order, **number, attempt)).collect();
    writes
        .add(SQL)
        .bind(Vec::from_iter(rows.iter().map(|(order, _, _)| order.0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, number, _)| **number)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| purpose_word(a.purpose))))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.means.method.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.means.token.as_ref().map(Text::as_str))))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.amount.minor())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.currency.as_str())))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.of)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.asked_by.map(|command| command.0))))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.reference.as_ref().map(Text::as_str))))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.provider_ref.as_ref().map(Text::as_str))))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| progress_words(a.progress).0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| progress_words(a.progress).1)))
        .bind(which)
        .bind(lease.millis());
    Recorded { leased, due }
}

/// Writes what decisions change of an attempt; calls and times are the caller's.
pub(super) fn update(writes: &mut Writes, rows: &[(OrderId, &i32, &Attempt)]) {
    const SQL: &str = "update attempt a set state = u.state, outcome = u.outcome, provider_ref = u.provider_ref \
        from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[]) \
            as u(order_id, number, state, outcome, provider_ref) \
        where a.order_id = u.order_id and a.number = u.number";
    if rows.is_empty() {
        return;
    }
    writes
        .add(SQL)
        .bind(Vec::from_iter(rows.iter().map(|(order, _, _)| order.0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, number, _)| **number)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| progress_words(a.progress).0)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| progress_words(a.progress).1)))
        .bind(Vec::from_iter(rows.iter().map(|(_, _, a)| a.provider_ref.as_ref().map(Text::as_str))));
}

fn attempt(row: &PgRow) -> sqlx::Result<(OrderId, i32, Attempt)> {
    let currency: &str = row.try_get("currency")?;
    let attempt = Attempt {
        purpose: purpose(row)?,
        means: Means { method: text(row, "method")?, token: optional_text(row, "token")? },
        amount: amount(row, "amount")?,
        currency: currency.parse().map_err(|_| broken("currency"))?,
        of: row.try_get("of_attempt")?,
        asked_by: row.try_get::<Option<Uuid>, _>("asked_by")?.map(MessageId),
        reference: optional_text(row, "reference")?,
        provider_ref: optional_text(row, "provider_ref")?,
        progress: progress(row.try_get("state")?, row.try_get("outcome")?)
            .ok_or_else(|| broken("attempt state"))?,
        calls: row.try_get("calls")?,
    };
    Ok((OrderId(row.try_get("order_id")?), row.try_get("number")?, attempt))
}

/// The stored purpose.
pub(crate) fn purpose(row: &PgRow) -> sqlx::Result<PaymentPurpose> {
    match row.try_get("purpose")? {
        "charge" => Ok(PaymentPurpose::Charge),
        "void" => Ok(PaymentPurpose::Void),
        "refund" => Ok(PaymentPurpose::Refund),
        "look_up" => Ok(PaymentPurpose::LookUp),
        _ => Err(broken("purpose")),
    }
}

const fn purpose_word(purpose: PaymentPurpose) -> &'static str {
    match purpose {
        PaymentPurpose::Charge => "charge",
        PaymentPurpose::Void => "void",
        PaymentPurpose::Refund => "refund",
        PaymentPurpose::LookUp => "look_up",
    }
}

fn progress(state: &str, outcome: Option<&str>) -> Option<Progress> {
    match (state, outcome) {
        ("due", None) => Some(Progress::Due),
        ("leased", None) => Some(Progress::Leased),
        ("withdrawn", None) => Some(Progress::Withdrawn),
        ("answered", Some(outcome)) => Outcome::of(outcome).map(Progress::Answered),
        _ => None,
    }
}

const fn progress_words(progress: Progress) -> (&'static str, Option<&'static str>) {
    match progress {
        Progress::Due => ("due", None),
        Progress::Leased => ("leased", None),
        Progress::Answered(outcome) => ("answered", Some(outcome.word())),
        Progress::Withdrawn => ("withdrawn", None),
    }
}
