//! One page as it is shown.

use super::{pages, parsed};
use crate::domain::Page;
use chassis::Db;
use contracts::{ListingView, PriceIn, Sku, Slug, Variant, VariantView, WrittenListing};
use sqlx::{PgPool, postgres::PgRow, prelude::*};
use std::collections::BTreeMap;

/// A page with its variants, as of one moment.
pub async fn get(db: &PgPool, slug: &Slug) -> sqlx::Result<Option<ListingView>> {
    // One snapshot for all that is read.
    let mut tx = db.begin_with("begin isolation level repeatable read read only").await?;
    let row = sqlx::query(
        "select slug, title, description, category, attributes, tax_category, published, automatic, version
         from listing where slug = $1",
    )
    .bind(slug.as_str())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (slug, page) = pages::page(&row)?;
    let variants = variants(&mut tx, &slug).await?;
    let images = super::images::of(&mut tx, &slug).await?;
    let categories = super::categories::down_to(&mut tx, page.category.as_ref()).await?;
    tx.commit().await?;
    Ok(Some(ListingView {
        slug,
        title: page.title,
        description: page.description,
        categories,
        attributes: page.attributes,
        tax_category: page.tax_category,
        published: page.published,
        images: images.into_iter().map(|(_, image)| image).collect(),
        variants,
        version: page.version,
    }))
}

/// Listings as they were written, by slug, after this one; without those that nothing is sold on.
pub async fn page(db: &PgPool, after: Option<&Slug>, limit: i64) -> sqlx::Result<Vec<WrittenListing>> {
    // One snapshot for all that is read.
    let mut tx = db.begin_with("begin isolation level repeatable read read only").await?;
    let rows = sqlx::query(
        "select slug, title, description, category, attributes, tax_category, published, automatic, version
         from listing l where slug > $1 and exists (select from product where listing = l.slug)
         order by slug limit $2",
    )
    .bind(after.map_or("", Slug::as_str))
    .bind(limit)
    .fetch_all(&mut *tx)
    .await?;
    let pages: Vec<(Slug, Page)> = rows.iter().map(pages::page).collect::<sqlx::Result<_>>()?;
    let slugs: Vec<&str> = pages.iter().map(|(slug, _)| slug.as_str()).collect();
    let rows = sqlx::query(
        "select sku, name, price, currency, other_prices, active, listing, options, weight_g, version
         from product where listing = any($1) order by listing, sku",
    )
    .bind(slugs)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let mut variants = BTreeMap::<Slug, Vec<Variant>>::new();
    for row in &rows {
        let (sku, listed) = pages::listed(row)?;
        if let Some(slug) = listed.listing.clone() {
            variants.entry(slug).or_default().push(listed.variant(sku));
        }
    }
    let written = |(slug, page): (Slug, Page)| {
        let listing = page.with(variants.remove(&slug).unwrap_or_default());
        WrittenListing { slug, listing }
    };
    Ok(pages.into_iter().map(written).collect())
}

async fn variants(db: &mut Db, slug: &Slug) -> sqlx::Result<Vec<VariantView>> {
    let rows = sqlx::query(
        "select p.sku, name, price, currency, other_prices, active, listing, options, weight_g, p.version,
                coalesce(s.available, false) as available
         from product p left join stock s on s.sku = p.sku where listing = $1 order by p.sku",
    )
    .bind(slug.as_str())
    .fetch_all(db)
    .await?;
    rows.iter().map(variant).collect()
}

fn variant(row: &PgRow) -> sqlx::Result<VariantView> {
    let (sku, listed) = pages::listed(row)?;
    Ok(VariantView { variant: listed.variant(sku), available: row.try_get("available")? })
}

/// What can be bought of these, with what its price depends on.
pub struct ForSale {
    pub sku: Sku,
    pub prices: Vec<PriceIn>,
    /// Whether it is sold, on a page that is shown.
    pub sold: bool,
    pub tax_category: contracts::TaxCategory,
    /// Its category and those above it.
    pub categories: Vec<contracts::Category>,
}

/// These SKUs, as far as there are such.
pub async fn for_sale(db: &mut Db, skus: Vec<&str>) -> sqlx::Result<Vec<ForSale>> {
    let rows = sqlx::query(
        "select p.sku, p.name, p.price, p.currency, p.other_prices, p.active, p.listing, p.options, p.weight_g,
                p.version, coalesce(l.published, true) as published,
                coalesce(l.tax_category, 'standard') as tax_category,
                array(with recursive up as (
                        select slug, parent, 1 as depth from category where slug = l.category
                        union all
                        select c.slug, c.parent, up.depth + 1 from category c join up on c.slug = up.parent
                        where up.depth < 20)
                      select slug from up) as categories
         from product p left join listing l on l.slug = p.listing where p.sku = any($1)",
    )
    .bind(skus)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        let (sku, listed) = pages::listed(row)?;
        let categories: Vec<String> = row.try_get("categories")?;
        let first = PriceIn { currency: listed.currency, amount: listed.price };
        Ok(ForSale {
            sku,
            prices: [first].into_iter().chain(listed.others).collect(),
            sold: listed.active && row.try_get::<bool, _>("published")?,
            tax_category: parsed(row.try_get::<String, _>("tax_category")?)?,
            categories: categories.into_iter().map(parsed).collect::<sqlx::Result<_>>()?,
        })
    };
    rows.iter().map(read).collect()
}
