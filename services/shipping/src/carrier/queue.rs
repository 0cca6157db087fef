//! The attempts as the caller sees them: leased when due, put back when there was no answer.

use crate::domain::Purpose;
use chassis::Db;
use contracts::{Address, OrderId};
use std::time::Duration;
use uuid::Uuid;

/// An attempt that is this caller's until its lease ends.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Of which order.
    pub order_id: OrderId,
    /// Its number within the order.
    pub number: i16,
    /// What to ask.
    pub purpose: Purpose,
    /// Where the parcel goes; none for a void, and when it was erased.
    pub address: Option<Address>,
    /// How long the carrier may have known of it.
    pub known_for: Duration,
}

impl Leased {
    /// An attempt that was leased as it was recorded.
    pub(crate) fn recorded(
        order_id: OrderId,
        number: i16,
        purpose: Purpose,
        address: Option<&Address>,
    ) -> Self {
        let address = (purpose == Purpose::Book).then(|| address.cloned()).flatten();
        Self { order_id, number, purpose, address, known_for: Duration::ZERO }
    }

    /// The key at the carrier: that of the booking, also for its void.
    #[must_use]
    pub fn key(&self) -> String {
        let number = match self.purpose {
            Purpose::Book => self.number,
            Purpose::Void { of_attempt } => of_attempt,
        };
        format!("{}-{number}", self.order_id)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    order_id: Uuid,
    number: i16,
    of_attempt: Option<i16>,
    address: Option<String>,
    known_for_ms: i64,
}

/// Leases due attempts, those that wait longest first.
pub(super) async fn lease(db: &mut Db, limit: i64, lease: Duration) -> sqlx::Result<Vec<Leased>> {
    let rows: Vec<Row> = sqlx::query_as(
        // Which are due; what another caller or a decision holds right now is skipped.
        "with due as (
           select order_id, number from attempt
           where state in ('due', 'leased') and next_try_at <= now()
           order by next_try_at limit $1 for update skip locked
         )
         update attempt a
         set state = 'leased', calls = a.calls + 1, first_leased_at = coalesce(a.first_leased_at, now()),
           next_try_at = now() + $2::bigint * interval '1 ms'
         from due left join destination d on d.order_id = due.order_id
         where a.order_id = due.order_id and a.number = due.number
         returning a.order_id, a.number, a.of_attempt,
           case when a.purpose = 'book' then d.address::text end as address,
           (extract(epoch from now() - a.first_leased_at) * 1000)::bigint as known_for_ms",
    )
    .bind(limit)
    .bind(millis(lease))
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

impl Row {
    fn read(self) -> sqlx::Result<Leased> {
        let address = self.address.as_deref().map(serde_json::from_str).transpose();
        Ok(Leased {
            order_id: OrderId(self.order_id),
            number: self.number,
            purpose: self.of_attempt.map_or(Purpose::Book, |of_attempt| Purpose::Void { of_attempt }),
            address: address.map_err(|error| sqlx::Error::Decode(error.into()))?,
            known_for: Duration::from_millis(u64::try_from(self.known_for_ms).unwrap_or_default()),
        })
    }
}

/// Gives leases back; each attempt is due again after its wait. One that was answered meanwhile stays answered.
pub(super) async fn postpone(db: &mut Db, waits: &[(&Leased, Duration)]) -> sqlx::Result<()> {
    sqlx::query(
        // Locked in the order of the key, as decisions do.
        "with held as (
           select a.order_id, a.number, u.wait_ms
           from unnest($1::uuid[], $2::smallint[], $3::bigint[]) as u(order_id, number, wait_ms)
           join attempt a on a.order_id = u.order_id and a.number = u.number
           where a.state = 'leased'
           order by a.order_id, a.number for update of a
         )
         update attempt a set state = 'due', next_try_at = now() + held.wait_ms * interval '1 ms'
         from held where a.order_id = held.order_id and a.number = held.number",
    )
    .bind(waits.iter().map(|(attempt, _)| attempt.order_id.0).collect::<Vec<_>>())
    .bind(waits.iter().map(|(attempt, _)| attempt.number).collect::<Vec<_>>())
    .bind(waits.iter().map(|(_, wait)| millis(*wait)).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
