//! Answers for the gateway and the operator: orders, timelines, what is stuck, how fresh the catalog copy is.

mod show;
mod stuck;
mod timeline;

pub use show::{get, list};
pub(crate) use stuck::SINCE;
pub use stuck::stuck;
pub use timeline::timeline;

use chassis::Fault;
use contracts::{Copied, CountCopied, MAX_IMPORT, ProductVersion, Refusal};
use sqlx::PgPool;

/// How many of these products are in this service's copy of the catalog, in that version or a higher one.
///
/// # Errors
/// When more than [`MAX_IMPORT`] are asked for, or the database fails.
pub async fn copied(db: &PgPool, ask: &CountCopied) -> Result<Copied, Fault> {
    if ask.products.len() > MAX_IMPORT {
        return Err(invalid("products", format!("at most {MAX_IMPORT}")));
    }
    let (skus, versions): (Vec<&str>, Vec<i64>) =
        ask.products.iter().map(|ProductVersion { sku, version }| (sku.as_str(), *version)).unzip();
    let copied: i64 = sqlx::query_scalar(
        "select count(*) from unnest($1::text[], $2::int8[]) as u(sku, version)
         join product p on p.sku = u.sku and p.version >= u.version",
    )
    .bind(skus)
    .bind(versions)
    .fetch_one(db)
    .await?;
    Ok(Copied { copied: usize::try_from(copied).unwrap_or_default() })
}

fn invalid(field: &str, why: String) -> Fault {
    Refusal::Invalid { field: field.to_owned(), why }.into()
}

fn limit(asked: u32, most: u32) -> Result<i64, Fault> {
    if (1..=most).contains(&asked) {
        Ok(i64::from(asked))
    } else {
        Err(invalid("limit", format!("1 to {most}")))
    }
}
