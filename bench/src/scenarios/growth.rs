//! Growth: is a shop with millions of orders as fast as a new one? Two flocks stand side by side, the tables of one filled
//! with copies of real orders, journals included, and they are measured in turns: what the machine itself becomes faster
//! or slower by meanwhile must not be blamed on the tables, nor hide what they cost.

use super::measure;
use crate::{
    bench::Bench,
    load::Load,
    mix::Mix,
    results::{Scenario, Verdict},
    rows::{Copies, DATABASES, Span},
    template::Templates,
};
use futures_util::future::try_join_all;
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The copies look as if they had come within so much time: less than journals are kept.
const WITHIN: Duration = Duration::from_secs(10 * 86_400);
/// Copies that one statement makes.
const AT_ONCE: usize = 20_000;
/// Throughput with full tables, by that with empty ones.
const LEAST: f64 = 0.9;

/// The warm-up of other scenarios, so many times. The first change of a page after a checkpoint writes all of it to the WAL,
/// and customers are spread over all pages of a large index: its first seconds may be dear, and would say little of the five
/// minutes until the next checkpoint.
const WARM_UPS: u32 = 6;

/// How often each of the two is measured.
const TURNS: usize = 3;

/// Measures it, with flocks of its own.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    bench.anew().await?;
    let usual = bench.saturated(Mix::default());
    let load = Load { warm_up: usual.warm_up * WARM_UPS, ..usual };
    let templates = bench.templates().await?;
    let what = format!("saturation, {} orders in the tables", bench.plan.growth());
    let began = Instant::now();
    let filled = match Box::pin(fill(bench, &templates)).await? {
        Ok(filled) => filled,
        Err(why) => return Ok(vec![Scenario::not_measured("growth", &what, why)]),
    };
    let filling = began.elapsed().as_secs_f64();
    let mut other = bench.another().await?;
    let (mut full, mut empty) = (vec![], vec![]);
    for _ in 0..TURNS {
        std::mem::swap(&mut bench.flock, &mut other);
        empty.push(measure(bench, "growth-empty", "saturation, empty tables", &load).await?);
        std::mem::swap(&mut bench.flock, &mut other);
        full.push(measure(bench, "growth", &what, &load).await?);
    }
    other.stop();
    // Each turn beside the other of the same minute.
    let mut shares: Vec<f64> =
        full.iter().zip(&empty).map(|(full, empty)| full.orders_s / empty.orders_s).collect();
    shares.sort_by(f64::total_cmp);
    let kept = shares[TURNS / 2];
    let mut after = full.swap_remove(TURNS / 2);
    let more = [
        ("orders_in_tables", filled.orders),
        ("bytes_per_order_on_disk", filled.bytes_per_order),
        ("filled_in_s", filling),
        ("throughput_kept", kept),
        ("throughput_kept_least", shares[0]),
        ("throughput_kept_most", shares[TURNS - 1]),
    ];
    after.more.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let verdict = Verdict::at_least("throughput with full tables", kept, LEAST, "of that with empty ones");
    after.verdicts.push(verdict);
    Ok(vec![empty.swap_remove(TURNS / 2), after])
}

struct Filled {
    orders: f64,
    bytes_per_order: f64,
}

/// Fills the tables; if there is no room, why.
#[expect(clippy::cast_precision_loss, reason = "numbers of orders, far below 2^52")]
async fn fill(bench: &Bench, templates: &Templates) -> anyhow::Result<Result<Filled, String>> {
    let (url, data) = (bench.flock.servers.postgres.url(), &bench.flock.data);
    let ids: Vec<Uuid> = templates.orders.iter().map(|(order, _)| *order).collect();
    let wanted = bench.plan.growth();
    let (span, mut all) = (Span::up_to_now(wanted, WITHIN)?, vec![]);
    for database in DATABASES {
        all.push(Copies::prepare(url, database, database.name, &ids, span).await?);
    }
    let orders = usize::try_from(wanted)?;
    let pilot = orders.min(AT_ONCE);
    let before = data.used()?;
    copy(&all, 0, pilot).await?;
    let bytes_per_order = (data.used()? - before).max(0.0) / pilot as f64;
    if let Err(why) = data.has_room_for((orders - pilot) as f64, bytes_per_order)? {
        return Ok(Err(why));
    }
    let mut done = pilot;
    while done < orders {
        let next = orders.min(done + AT_ONCE);
        copy(&all, done, next).await?;
        if next * 20 / orders > done * 20 / orders {
            eprintln!("  tables filled: {} %", next * 100 / orders);
        }
        done = next;
    }
    eprintln!("  tables filled: {orders} orders, {bytes_per_order:.0} bytes each");
    try_join_all(all.into_iter().map(Copies::finish)).await?;
    sqlx::raw_sql("checkpoint").execute(&mut PgConnection::connect(url).await?).await?;
    Ok(Ok(Filled { orders: orders as f64, bytes_per_order }))
}

/// Makes copies in all databases at once.
async fn copy(all: &[Copies], from: usize, to: usize) -> anyhow::Result<()> {
    try_join_all(all.iter().map(|copies| copies.settled(from, to))).await.map(drop)
}
