//! The table `attempt`, as decisions see it; how the caller sees it is in `carrier/queue.rs`.

use super::unreadable;
use crate::carrier::Leased;
use crate::domain::{Attempt, AttemptState, Dock, Purpose};
use chassis::{Db, Lease, Recorded, Rows, Writes};
use contracts::{CarrierAnswer, OrderId, Text};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    order_id: Uuid,
    number: i16,
    of_attempt: Option<i16>,
    state: String,
    outcome: Option<String>,
    tracking: Option<String>,
    calls: i32,
}

/// Loads and locks all attempts of these orders: an order has one, two when it was called off.
pub(super) async fn load(
    db: &mut Db,
    orders: &BTreeSet<OrderId>,
) -> sqlx::Result<Rows<(OrderId, i16), Attempt>> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, number, of_attempt, state, outcome, tracking, calls
         from attempt where order_id = any($1) order by order_id, number for update",
    )
    .bind(ids)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(((OrderId(row.order_id), row.number), row.read()?))).collect()
}

impl Row {
    fn read(self) -> sqlx::Result<Attempt> {
        let state = match (self.state.as_str(), self.outcome.as_deref()) {
            ("due", None) => AttemptState::Due,
            ("leased", None) => AttemptState::Leased,
            ("withdrawn", None) => AttemptState::Withdrawn,
            ("answered", Some("booked")) => {
                let tracking = Text::new(self.tracking.unwrap_or_default()).map_err(unreadable)?;
                AttemptState::Answered(CarrierAnswer::Booked { tracking })
            }
            ("answered", Some("refused")) => AttemptState::Answered(CarrierAnswer::Refused),
            ("answered", Some("voided")) => AttemptState::Answered(CarrierAnswer::Voided),
            (state, _) => return Err(unreadable(format!("an attempt in state {state}"))),
        };
        let purpose = self.of_attempt.map_or(Purpose::Book, |of_attempt| Purpose::Void { of_attempt });
        Ok(Attempt { purpose, state, calls: self.calls })
    }
}

/// Records new attempts: the first of them leased at once, as far as the caller has places, the others due.
pub(super) fn insert(writes: &mut Writes, dock: &Dock, lease: Lease) -> Recorded<Leased> {
    let fresh: Vec<_> = dock.attempts.fresh().collect();
    if fresh.is_empty() {
        return Recorded::default();
    }
    let (which, due) = lease.which(fresh.iter().map(|(_, attempt)| attempt.state == AttemptState::Due));
    let leased = fresh.iter().zip(&which).filter(|(_, leased)| **leased);
    let leased = leased.map(|(((order, number), attempt), _)| {
        Leased::recorded(*order, *number, attempt.purpose, dock.destinations.get(order))
    });
    let leased = leased.collect();
    let columns = Columns::of(fresh.into_iter());
    writes
        .add(
            "insert into attempt (order_id, number, purpose, of_attempt, state, outcome, tracking,
               calls, first_leased_at, next_try_at)
             select u.order_id, u.number, case when u.of_attempt is null then 'book' else 'void' end,
               u.of_attempt, case when u.leased then 'leased' else u.state end, u.outcome, u.tracking,
               u.leased::int, case when u.leased then now() end,
               now() + case when u.leased then $8::bigint else 0 end * interval '1 ms'
             from unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::bool[])
               as u(order_id, number, of_attempt, state, outcome, tracking, leased)",
        )
        .bind(columns.orders)
        .bind(columns.numbers)
        .bind(columns.of_attempts)
        .bind(columns.states)
        .bind(columns.outcomes)
        .bind(columns.trackings)
        .bind(which)
        .bind(lease.millis());
    Recorded { leased, due }
}

/// Saves the attempts that ended. When they are due and how often they were called stays as it is.
pub(super) fn update(writes: &mut Writes, attempts: &Rows<(OrderId, i16), Attempt>) {
    let changed = Columns::of(attempts.changed());
    if changed.orders.is_empty() {
        return;
    }
    writes
        .add(
            "update attempt a set state = u.state, outcome = u.outcome, tracking = u.tracking
             from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::text[])
               as u(order_id, number, state, outcome, tracking)
             where a.order_id = u.order_id and a.number = u.number",
        )
        .bind(changed.orders)
        .bind(changed.numbers)
        .bind(changed.states)
        .bind(changed.outcomes)
        .bind(changed.trackings);
}

#[derive(Default)]
struct Columns<'a> {
    orders: Vec<Uuid>,
    numbers: Vec<i16>,
    of_attempts: Vec<Option<i16>>,
    states: Vec<&'static str>,
    outcomes: Vec<Option<&'static str>>,
    trackings: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(rows: impl Iterator<Item = (&'a (OrderId, i16), &'a Attempt)>) -> Self {
        let mut columns = Self::default();
        for ((order, number), attempt) in rows {
            columns.orders.push(order.0);
            columns.numbers.push(*number);
            columns.of_attempts.push(match attempt.purpose {
                Purpose::Book => None,
                Purpose::Void { of_attempt } => Some(of_attempt),
            });
            columns.states.push(attempt.state.name());
            let (outcome, tracking) = match &attempt.state {
                AttemptState::Due | AttemptState::Leased | AttemptState::Withdrawn => (None, None),
                AttemptState::Answered(CarrierAnswer::Booked { tracking }) => {
                    (Some("booked"), Some(tracking.as_str()))
                }
                AttemptState::Answered(CarrierAnswer::Refused) => (Some("refused"), None),
                AttemptState::Answered(CarrierAnswer::Voided) => (Some("voided"), None),
            };
            columns.outcomes.push(outcome);
            columns.trackings.push(tracking);
        }
        columns
    }
}
