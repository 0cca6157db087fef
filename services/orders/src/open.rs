//! How many orders are open, and how many of them should have gone on: looked at from time to time, for the gauges.

use crate::{requests::SINCE, store};
use chassis::{
    Db, Outgoing, Sweep,
    telemetry::{Gauge, is_measured},
};
use contracts::Timestamp;
use sqlx::{AssertSqlSafe, Row};
use std::{collections::BTreeMap, time::Duration};

static OPEN: Gauge = Gauge::new("starling.orders.open", "{order}", "Orders that wait for something");
static STUCK: Gauge =
    Gauge::new("starling.orders.stuck", "{order}", "Open orders by how long ago they should have gone on");

/// How far orders are that wait for something: open, or confirmed and wanted back.
const STATUSES: [&str; 5] = ["accepted", "placed", "stock_reserved", "paid", "confirmed"];
/// How long ago an order should have gone on. Less than a minute is the ordinary course of things.
const AGES: [&str; 4] = ["under_1m", "under_10m", "under_1h", "older"];

/// Counts open orders. It is no timer: nothing is ever due.
pub struct OpenOrders;

impl Sweep for OpenOrders {
    const NAME: &'static str = "open orders";
    const EVERY: Duration = Duration::from_secs(10);

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        if is_measured() {
            count(db, now).await?;
        }
        Ok(vec![])
    }
}

async fn count(db: &mut Db, now: Timestamp) -> sqlx::Result<()> {
    let sql = format!(
        "select state, age, count(*) as orders from (
           select state, case
               when since is null or since > $1 then null
               when since > $1 - interval '1 minute' then 'under_1m'
               when since > $1 - interval '10 minutes' then 'under_10m'
               when since > $1 - interval '1 hour' then 'under_1h'
               else 'older' end as age
           from (select o.state, {SINCE} as since from customer_order o
                 where o.next_sweep_at is not null) waiting) aged
         group by state, age"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(now.inner()).fetch_all(db).await?;
    let (mut open, mut stuck) = (BTreeMap::<&str, u64>::new(), BTreeMap::<&str, u64>::new());
    for row in &rows {
        let (state, age): (&str, Option<&str>) = (row.try_get("state")?, row.try_get("age")?);
        let orders = row.try_get::<i64, _>("orders")?.unsigned_abs();
        *open.entry(store::shown_status(store::to_shown_status(state))).or_default() += orders;
        if let Some(age) = age {
            *stuck.entry(age).or_default() += orders;
        }
    }
    // Those of which there are none are told too, or they would stay as they were.
    for status in STATUSES {
        OPEN.set(open.get(status).copied().unwrap_or_default(), [("status", status)]);
    }
    for age in AGES {
        STUCK.set(stuck.get(age).copied().unwrap_or_default(), [("age", age)]);
    }
    Ok(())
}
