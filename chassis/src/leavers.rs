//! People who left: what a service keeps of them is erased once nothing needs it any more.
//!
//! `user.deleted` may come at any time: before what its owner ordered is heard of, while it is under way, long after. So the
//! service only writes down who left, in its table `leaver`, and a sweep erases what is theirs and is over. It looks again,
//! ever more seldom, and never stops: whatever comes late is found, and nothing on an order's way has to ask who left.

use crate::{Db, Decision, Outgoing, Rows, Sweep, Why, Writes};
use contracts::{CustomerId, Timestamp};
use sqlx::Row;
use std::{collections::BTreeSet, future::Future, marker::PhantomData, time::Duration};
use time::OffsetDateTime;
use uuid::Uuid;

/// Who left, and when.
pub type Leavers = Rows<CustomerId, Timestamp>;

/// Rows that one sweep erases at most.
const AT_ONCE: i64 = 1_000;
/// Leavers that one sweep looks at, at most.
const CLAIM: i64 = 100;
/// The earliest second look. Later ones come after a tenth of the time since somebody left: a parcel that arrives a week
/// after its buyer left is forgotten 17 hours later at most.
const LOOK_AGAIN_S: f64 = 60.0;

/// Somebody left.
pub fn leave<T>(leavers: &mut Leavers, who: CustomerId, at: Timestamp) -> Decision<T> {
    if leavers.get(&who).is_some() {
        return Decision::Ignore(Why::Repeat);
    }
    leavers.put(who, at);
    Decision::NOTED
}

/// Which of them have left before. Not locked: nothing about a leaver that a decision reads ever changes.
///
/// # Errors
/// When the database fails.
pub async fn load(db: &mut Db, who: BTreeSet<CustomerId>) -> sqlx::Result<Leavers> {
    if who.is_empty() {
        return Ok(Leavers::default());
    }
    let rows: Vec<(Uuid, OffsetDateTime)> =
        sqlx::query_as("select customer_id, left_at from leaver where customer_id = any($1)")
            .bind(who.iter().map(|who| who.0).collect::<Vec<Uuid>>())
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|(who, at)| (CustomerId(who), Timestamp::new(at))).collect())
}

/// Writes down who left: due at once.
pub fn save(writes: &mut Writes, leavers: &Leavers) {
    let (who, at): (Vec<Uuid>, Vec<OffsetDateTime>) =
        leavers.fresh().map(|(who, at)| (who.0, at.inner())).unzip();
    if who.is_empty() {
        return;
    }
    writes
        .add(
            "insert into leaver (customer_id, left_at, next_look_at)
             select u.customer_id, u.left_at, u.left_at from unnest($1::uuid[], $2::timestamptz[]) as u(customer_id, left_at)",
        )
        .bind(who)
        .bind(at);
}

/// What a service keeps of people.
pub trait Erase: Send + Sync + 'static {
    /// Erases what is theirs and is over, at most so many rows of it. Whether there may be more.
    fn erase(db: &mut Db, leavers: &[Uuid], limit: i64) -> impl Future<Output = sqlx::Result<bool>> + Send;
}

/// The sweep that erases what a service keeps of people who left.
pub struct EraseLeavers<E>(PhantomData<E>);

impl<E: Erase> Sweep for EraseLeavers<E> {
    const NAME: &'static str = "erase leavers";
    const EVERY: Duration = Duration::from_secs(5);

    async fn due(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Outgoing>> {
        let leavers = claim(db, now).await?;
        if !leavers.is_empty() && E::erase(db, &leavers, AT_ONCE).await? {
            look_again(db, now, &leavers).await?;
        }
        Ok(vec![])
    }
}

/// Who is to be looked at now; each is put off until the next look.
async fn claim(db: &mut Db, now: Timestamp) -> sqlx::Result<Vec<Uuid>> {
    let rows = sqlx::query(
        "with due as (
           select customer_id from leaver where next_look_at <= $1
           order by next_look_at limit $2 for update skip locked)
         update leaver l
         set next_look_at = $1 + greatest(make_interval(secs => $3), ($1 - l.left_at) / 10)
         from due where l.customer_id = due.customer_id
         returning l.customer_id",
    )
    .bind(now.inner())
    .bind(CLAIM)
    .bind(LOOK_AGAIN_S)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| row.try_get("customer_id")).collect()
}

/// There was more to erase than one sweep does: they are due at once.
async fn look_again(db: &mut Db, now: Timestamp, who: &[Uuid]) -> sqlx::Result<()> {
    let sql = "update leaver set next_look_at = $1 where customer_id = any($2)";
    sqlx::query(sql).bind(now.inner()).bind(who).execute(db).await.map(drop)
}

/// What followed from these messages is never told again: the journal forgets it. Only for what everybody who needed it is
/// known to have acted upon.
///
/// # Errors
/// When the database fails.
pub async fn forget_outputs(db: &mut Db, messages: &[Uuid]) -> sqlx::Result<()> {
    let sql = "update journal set outputs = null where message_id = any($1) and not dead";
    sqlx::query(sql).bind(messages).execute(db).await.map(drop)
}
