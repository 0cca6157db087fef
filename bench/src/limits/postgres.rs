//! How many orders' rows Postgres commits, when all it has to do is to write them.

use super::BATCH_ORDERS;
use crate::{
    flock::Flock,
    rows::{Copies, DATABASES, Span},
    template::Templates,
};
use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Batches on their way at once, over all databases.
const AT_ONCE: usize = 20;
/// As many copies, and within so much time, as no run makes: only their ids depend on it.
const COPIES: (u64, Duration) = (10_000_000, Duration::from_secs(100_000));

/// Orders a second whose rows are committed, every commit synced: in copies of the flock's databases (its processes
/// must not run), with the same tables, indexes and constraints, in the same transactions, set by set.
pub async fn measure(flock: &Flock, templates: &Templates, time: Duration) -> anyhow::Result<f64> {
    let url = flock.servers.postgres.url();
    let mut admin = PgConnection::connect(url).await?;
    let orders: Vec<Uuid> = templates.orders.iter().map(|(order, _)| *order).collect();
    let (copies, within) = COPIES;
    let (span, mut all) = (Span::up_to_now(copies, within)?, vec![]);
    for database in DATABASES {
        let (name, copy) = (database.name, format!("limit_{}", database.name));
        let sql = format!("create database {copy} template {name}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.context("copying a database")?;
        all.push(Copies::prepare(url, database, &copy, &orders, span).await?);
    }
    sqlx::raw_sql("checkpoint").execute(&mut admin).await?;
    let began = Instant::now();
    // All databases get a batch before the next round begins, and so about the same number of orders at any time.
    let rounds = (0_usize..).take_while(|_| began.elapsed() < time);
    let jobs = rounds.flat_map(|round| {
        let from = round * BATCH_ORDERS;
        all.iter().map(move |copies| copies.live(from, from + BATCH_ORDERS))
    });
    let batches: Vec<()> = stream::iter(jobs).buffer_unordered(AT_ONCE).try_collect().await?;
    let rounds = u32::try_from(batches.len() / all.len())?;
    let a_second =
        f64::from(rounds) * f64::from(u32::try_from(BATCH_ORDERS)?) / began.elapsed().as_secs_f64();
    drop(all);
    for database in DATABASES {
        let sql = format!("drop database limit_{} with (force)", database.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
    }
    Ok(a_second)
}
