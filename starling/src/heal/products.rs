//! Products: no message brings them about, so no journal has their events. Their rows are the news itself.

use super::{Patient, Report, held::Held};
use anyhow::Context;
use chassis::connect;
use contracts::{Message, MessageId, ProductChanged, stream_of};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Has catalog tell the products whose last change is not in the stream: its sweep finds them within seconds.
pub async fn tell_again(patient: &Patient, held: &Held, report: &mut Report) -> anyhow::Result<()> {
    let info = ProductChanged::INFO;
    let stream = stream_of(info.subject).map_or("", |stream| stream.name);
    let db = connect::database(&patient.places, info.owner, 1)?;
    let told: Vec<Uuid> = sqlx::query_scalar("select event_id from product where announce_at is null")
        .fetch_all(&db)
        .await
        .context("the products of catalog")?;
    let missing: BTreeSet<Uuid> = told.into_iter().filter(|id| !held.has(stream, MessageId(*id))).collect();
    report.products = missing.len();
    if patient.dry_run || missing.is_empty() {
        return Ok(());
    }
    sqlx::query(
        // Locked in the order of their keys, or it could deadlock with an import. By event: a product that was changed
        // again meanwhile is told anyway.
        "with lost as (select sku from product where event_id = any($1) and announce_at is null
                       order by sku for update)
         update product p set announce_at = now() from lost where p.sku = lost.sku",
    )
    .bind(missing.into_iter().collect::<Vec<_>>())
    .execute(&db)
    .await
    .context("the products of catalog")?;
    Ok(())
}
