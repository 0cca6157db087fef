//! Promotions, coupons and tax rates, as contracts write them.

use chassis::{Db, Fault};
use contracts::{Coupon, CouponCode, Promotion, PromotionId, Refusal, TaxRate};
use pricing::folded;
use sqlx::{PgPool, prelude::*, types::Json};

/// All promotions, by id.
pub async fn promotions(db: &mut Db) -> sqlx::Result<Vec<Promotion>> {
    let rows: Vec<Json<Promotion>> =
        sqlx::query_scalar("select body from promotion order by id").fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// All coupons, by code, with their uses.
pub async fn coupons(db: &mut Db) -> sqlx::Result<Vec<Coupon>> {
    let rows = sqlx::query("select body, used from coupon order by code").fetch_all(db).await?;
    rows.iter().map(coupon).collect()
}

pub(super) fn coupon(row: &sqlx::postgres::PgRow) -> sqlx::Result<Coupon> {
    let Json::<Coupon>(coupon) = row.try_get("body")?;
    let used: i64 = row.try_get("used")?;
    Ok(Coupon { used: u32::try_from(used).unwrap_or(u32::MAX), used_by_customer: 0, ..coupon })
}

/// The tax rates of a country; of all, if none is named.
pub async fn tax_rates(db: &mut Db, country: Option<&str>) -> sqlx::Result<Vec<TaxRate>> {
    let rows: Vec<Json<TaxRate>> = sqlx::query_scalar(
        "select body from tax_rate where $1::text is null or country = $1 order by number",
    )
    .bind(country)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Creates or changes a promotion.
pub async fn put_promotion(db: &PgPool, promotion: &Promotion) -> sqlx::Result<()> {
    sqlx::query("insert into promotion (id, body) values ($1, $2) on conflict (id) do update set body = excluded.body")
        .bind(promotion.id.as_str())
        .bind(Json(promotion))
        .execute(db)
        .await
        .map(drop)
}

/// How many promotions there are beside this one.
pub async fn others(db: &PgPool, id: &PromotionId) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from promotion where id <> $1").bind(id.as_str()).fetch_one(db).await
}

/// Deletes a promotion with its coupons.
pub async fn delete_promotion(db: &PgPool, id: &PromotionId) -> Result<(), Fault> {
    let done = sqlx::query("delete from promotion where id = $1").bind(id.as_str()).execute(db).await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::NotFound { what: "promotion".to_owned() }.into());
    }
    Ok(())
}

/// Creates or changes a coupon; its uses stay.
pub async fn put_coupon(db: &PgPool, coupon: &Coupon) -> Result<(), Fault> {
    let body = Coupon { used: 0, used_by_customer: 0, ..coupon.clone() };
    let put = sqlx::query(
        "insert into coupon (code, promotion, body) values ($1, $2, $3)
         on conflict (code) do update set promotion = excluded.promotion, body = excluded.body",
    )
    .bind(folded(&coupon.code))
    .bind(coupon.promotion.as_str())
    .bind(Json(body))
    .execute(db)
    .await;
    match put {
        Ok(_) => Ok(()),
        Err(error) if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) => {
            let why = "there is no such promotion".to_owned();
            Err(Refusal::Invalid { field: "promotion".to_owned(), why }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Deletes a coupon.
pub async fn delete_coupon(db: &PgPool, code: &CouponCode) -> Result<(), Fault> {
    let done = sqlx::query("delete from coupon where code = $1").bind(folded(code)).execute(db).await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::NotFound { what: "coupon".to_owned() }.into());
    }
    Ok(())
}

/// Sets all tax rates.
pub async fn put_tax_rates(db: &PgPool, rates: &[TaxRate]) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    // Who reads meanwhile sees the old ones; who also sets them waits.
    sqlx::query("lock table tax_rate in exclusive mode").execute(&mut *tx).await?;
    sqlx::query("delete from tax_rate").execute(&mut *tx).await?;
    sqlx::query(
        "insert into tax_rate (number, country, body) select nr, country, body
                 from unnest($1::text[], $2::jsonb[]) with ordinality u(country, body, nr)",
    )
    .bind(rates.iter().map(|rate| rate.country.as_str()).collect::<Vec<_>>())
    .bind(rates.iter().map(Json).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
