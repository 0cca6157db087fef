//! What a change of products or listings touches: loaded and locked, then saved.

use super::{derived, parsed};
use crate::domain::{Listed, Page, Pages, event_id, hashed_slug};
use chassis::{Db, Rows};
use contracts::{Product, Prose, PutListing, Sku, Slug, Text, Timestamp};
use sqlx::{PgPool, postgres::PgRow, prelude::*, types::Json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How often a change is begun; only another one that makes the same new rows at the same time wins, or a deadlock with
/// what catalog hears.
const TRIES: u32 = 3;

/// Changes products and listings in one transaction: what `how` makes of the pages is saved, and is to be told at
/// `announce_at` at the latest. Returns the pages, and what `how` said.
pub async fn change<T>(
    db: &PgPool,
    touched: &Touched<'_>,
    announce_at: Timestamp,
    how: impl Fn(&mut Pages) -> T,
) -> sqlx::Result<(Pages, T)> {
    let mut tries = 1;
    loop {
        let mut tx = db.begin().await?;
        let outcome = async {
            let mut pages = load(&mut tx, touched).await?;
            let said = how(&mut pages);
            save(&mut tx, &pages, announce_at).await?;
            Ok((pages, said))
        };
        let outcome: sqlx::Result<(Pages, T)> = outcome.await;
        match outcome {
            Ok(done) => return tx.commit().await.map(|()| done),
            Err(error) if tries < TRIES && is_race(&error) => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// What a change begins with.
pub enum Touched<'a> {
    Products(&'a [Product]),
    Listings(&'a [PutListing]),
}

/// A row that was not there to be locked was made meanwhile (23505), what it points to is gone (23503), or deadlock (40P01).
fn is_race(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("23505" | "23503" | "40P01"))
}

async fn load(db: &mut Db, touched: &Touched<'_>) -> sqlx::Result<Pages> {
    let (mut skus, mut slugs, mut categories) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    match touched {
        Touched::Products(products) => {
            for product in *products {
                skus.insert(product.sku.as_str());
                slugs.extend(Slug::of(product.sku.as_str()));
                slugs.insert(hashed_slug(&product.sku));
            }
        }
        Touched::Listings(listings) => {
            for put in *listings {
                skus.extend(put.listing.variants.iter().map(|variant| variant.sku.as_str()));
                slugs.insert(put.slug.clone());
                categories.extend(put.listing.category.as_ref().map(Slug::as_str));
            }
        }
    }
    let on_pages: Vec<&str> = match touched {
        Touched::Products(_) => vec![],
        Touched::Listings(listings) => listings.iter().map(|put| put.slug.as_str()).collect(),
    };
    let products = lock_products(db, skus.into_iter().collect(), on_pages).await?;
    slugs.extend(products.iter().filter_map(|(_, listed)| listed.listing.clone()));
    let listings = lock_listings(db, &slugs).await?;
    let categories = known_categories(db, categories.into_iter().collect()).await?;
    Ok(Pages { categories, listings, products })
}

async fn lock_products(db: &mut Db, skus: Vec<&str>, pages: Vec<&str>) -> sqlx::Result<Rows<Sku, Listed>> {
    let rows = sqlx::query(
        // With all that is sold on the same pages: a page's texts and prices are made of all of its variants.
        "select sku, name, price, currency, other_prices, active, listing, options, weight_g, version from product
         where sku in (select sku from product where sku = any($1)
                       union select sku from product where listing = any($2)
                       union select o.sku from product p join product o on o.listing = p.listing
                             where p.sku = any($1))
         order by sku for update",
    )
    .bind(skus)
    .bind(pages)
    .fetch_all(db)
    .await?;
    rows.iter().map(listed).collect()
}

pub(super) fn listed(row: &PgRow) -> sqlx::Result<(Sku, Listed)> {
    let listing: Option<String> = row.try_get("listing")?;
    let weight: Option<i32> = row.try_get("weight_g")?;
    let listed = Listed {
        name: parsed(row.try_get::<String, _>("name")?)?,
        price: parsed(row.try_get::<i64, _>("price")?)?,
        currency: parsed(row.try_get::<&str, _>("currency").map(std::borrow::Cow::Borrowed)?)?,
        others: row.try_get::<Json<_>, _>("other_prices")?.0,
        active: row.try_get("active")?,
        listing: listing.map(parsed).transpose()?,
        options: row.try_get::<Json<BTreeMap<_, _>>, _>("options")?.0,
        weight_g: weight.map(parsed).transpose()?,
        version: row.try_get("version")?,
    };
    Ok((parsed(row.try_get::<String, _>("sku")?)?, listed))
}

async fn lock_listings(db: &mut Db, slugs: &BTreeSet<Slug>) -> sqlx::Result<Rows<Slug, Page>> {
    let rows = sqlx::query(
        "select slug, title, description, category, attributes, tax_category, published, automatic, version
         from listing where slug = any($1) order by slug for update",
    )
    .bind(slugs.iter().map(Slug::as_str).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    rows.iter().map(page).collect()
}

pub(super) fn page(row: &PgRow) -> sqlx::Result<(Slug, Page)> {
    let category: Option<String> = row.try_get("category")?;
    let page = Page {
        title: parsed(row.try_get::<String, _>("title")?)?,
        description: parsed::<String, Prose>(row.try_get("description")?)?,
        category: category.map(parsed).transpose()?,
        attributes: row.try_get::<Json<BTreeMap<_, _>>, _>("attributes")?.0,
        tax_category: parsed(row.try_get::<String, _>("tax_category")?)?,
        published: row.try_get("published")?,
        automatic: row.try_get("automatic")?,
        version: row.try_get("version")?,
    };
    Ok((parsed(row.try_get::<String, _>("slug")?)?, page))
}

async fn known_categories(db: &mut Db, slugs: Vec<&str>) -> sqlx::Result<BTreeSet<Slug>> {
    if slugs.is_empty() {
        return Ok(BTreeSet::new());
    }
    let known: Vec<String> = sqlx::query_scalar("select slug from category where slug = any($1)")
        .bind(slugs)
        .fetch_all(db)
        .await?;
    known.into_iter().map(parsed).collect()
}

async fn save(db: &mut Db, pages: &Pages, announce_at: Timestamp) -> sqlx::Result<()> {
    let (fresh, changed): (Vec<_>, Vec<_>) =
        (pages.listings.fresh().collect(), pages.listings.changed().collect());
    write_listings(
        db,
        "insert into listing (slug, title, description, category, attributes, tax_category, published, automatic, version)
         select u.slug, u.title, u.description, u.category, u.attributes, u.tax_category, u.published, u.automatic,
                u.version",
        "",
        &fresh,
    )
    .await?;
    write_listings(
        db,
        "update listing l set title = u.title, description = u.description, category = u.category,
                attributes = u.attributes, tax_category = u.tax_category, published = u.published,
                automatic = u.automatic, version = u.version",
        "where l.slug = u.slug",
        &changed,
    )
    .await?;
    let insert =
        "insert into product (sku, name, price, currency, other_prices, active, listing, options, weight_g,
                                       version, event_id, announce_at)
                  select u.*, $12";
    write_products(db, insert, "", pages.products.fresh().collect(), announce_at).await?;
    let update = "update product p set name = u.name, price = u.price, currency = u.currency,
                         other_prices = u.other_prices, active = u.active, listing = u.listing, options = u.options,
                         weight_g = u.weight_g, version = u.version, event_id = u.event_id, announce_at = $12";
    write_products(db, update, "where p.sku = u.sku", pages.products.changed().collect(), announce_at)
        .await?;
    let slugs: Vec<&Slug> = fresh.iter().chain(&changed).map(|(slug, _)| *slug).collect();
    derived::renew(db, pages, &slugs).await
}

async fn write_listings(
    db: &mut Db,
    what: &'static str,
    which: &'static str,
    rows: &[(&Slug, &Page)],
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "{what} from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::boolean[],
                            $8::boolean[], $9::bigint[])
           u(slug, title, description, category, attributes, tax_category, published, automatic, version) {which}"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(rows.iter().map(|(slug, _)| slug.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.title.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.description.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.category.as_ref().map(Slug::as_str)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| Json(&page.attributes)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.tax_category.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.published).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.automatic).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, page)| page.version).collect::<Vec<_>>())
        .execute(db)
        .await?;
    Ok(())
}

async fn write_products(
    db: &mut Db,
    what: &'static str,
    which: &'static str,
    rows: Vec<(&Sku, &Listed)>,
    announce_at: Timestamp,
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "{what} from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[], $6::boolean[], $7::text[],
                            $8::jsonb[], $9::int[], $10::bigint[], $11::uuid[])
           u(sku, name, price, currency, other_prices, active, listing, options, weight_g, version, event_id) {which}"
    );
    let event_ids: Vec<Uuid> = rows.iter().map(|(sku, row)| event_id(sku, row.version).0).collect();
    let weight = |row: &Listed| row.weight_g.and_then(|grams| i32::try_from(grams).ok());
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(rows.iter().map(|(sku, _)| Text::as_str(sku)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.name.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.price.minor()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.currency.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| Json(&row.others)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.active).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.listing.as_ref().map(Slug::as_str)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| Json(&row.options)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| weight(row)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.version).collect::<Vec<_>>())
        .bind(event_ids)
        .bind(announce_at.inner())
        .execute(db)
        .await?;
    Ok(())
}
