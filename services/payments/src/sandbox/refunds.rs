//! The refunds in the sandbox's books: never more than was charged, whatever the other side asks.

use super::Method;
use crate::provider::Giveback;
use contracts::{ProviderAnswer, Text};
use sqlx::{PgPool, Row, postgres::PgRow};

/// Gives money back, or says why not; the same key gets the same answer.
pub(super) async fn give_back(pool: &PgPool, refund: &Giveback) -> sqlx::Result<ProviderAnswer> {
    const CHARGE: &str = "select method, state, amount from charge where key = $1 for update";
    const BEFORE: &str = "select coalesce(sum(amount) filter (where state = 'refunded'), 0)::bigint as refunded, \
        count(*) as tries from refund where charge_key = $1";
    const NEW: &str = "insert into refund (key, charge_key, amount, state, why) values ($1, $2, $3, $4, $5)";
    let mut db = pool.begin().await?;
    // The charge's lock comes first: refunds of one charge are decided one after the other.
    let charge = sqlx::query(CHARGE).bind(&refund.charge_key).fetch_optional(&mut *db).await?;
    let Some(charge) = charge else { return Ok(failure("there is no such charge")) };
    if let Some(known) = find_in(&mut db, &refund.key).await? {
        return Ok(known);
    }
    let before = sqlx::query(BEFORE).bind(&refund.charge_key).fetch_one(&mut *db).await?;
    let (refunded, tries): (i64, i64) = (before.try_get("refunded")?, before.try_get("tries")?);
    let (state, amount): (&str, i64) = (charge.try_get("state")?, charge.try_get("amount")?);
    let method: &str = charge.try_get("method")?;
    let why = match Method::of(method) {
        Some(Method::RefundFails) => Some("refunds of this method fail"),
        Some(Method::RefundFailsOnce) if tries == 0 => Some("the first refund of this method fails"),
        Some(_) | None if state != "captured" => Some("the charge was not captured"),
        Some(_) | None if refund.amount.minor() > amount - refunded => {
            Some("more than is left of the charge")
        }
        Some(_) | None => None,
    };
    let query = sqlx::query(NEW)
        .bind(&refund.key)
        .bind(&refund.charge_key)
        .bind(refund.amount.minor())
        .bind(if why.is_none() { "refunded" } else { "failed" })
        .bind(why);
    query.execute(&mut *db).await?;
    db.commit().await?;
    Ok(why.map_or(ProviderAnswer::Refunded, failure))
}

/// How a refund stands.
pub(super) async fn find(pool: &PgPool, key: &str) -> sqlx::Result<Option<ProviderAnswer>> {
    find_in(&mut *pool.acquire().await?, key).await
}

async fn find_in(db: &mut sqlx::PgConnection, key: &str) -> sqlx::Result<Option<ProviderAnswer>> {
    let sql = "select why from refund where key = $1";
    let row: Option<PgRow> = sqlx::query(sql).bind(key).fetch_optional(db).await?;
    row.map(|row| Ok(row.try_get::<Option<&str>, _>("why")?.map_or(ProviderAnswer::Refunded, failure)))
        .transpose()
}

fn failure(why: &str) -> ProviderAnswer {
    Text::new(why).map_or(ProviderAnswer::NotFound, |why| ProviderAnswer::RefundFailed { why })
}
