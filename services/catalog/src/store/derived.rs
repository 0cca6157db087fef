//! What is made of listings and their variants for search alone: texts and lowest prices.

use super::words;
use crate::domain::{Page, Pages};
use chassis::Db;
use contracts::{Slug, Text};
use std::collections::BTreeSet;

/// Makes it anew for pages that changed. Their rows are locked.
pub async fn renew(db: &mut Db, pages: &Pages, slugs: &[&Slug]) -> sqlx::Result<()> {
    if slugs.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = slugs.iter().map(|slug| slug.as_str()).collect();
    prices(db, &keys).await?;
    texts(db, pages, slugs).await
}

async fn prices(db: &mut Db, slugs: &[&str]) -> sqlx::Result<()> {
    sqlx::query("delete from listing_price where listing = any($1)").bind(slugs).execute(&mut *db).await?;
    sqlx::query(
        "insert into listing_price (listing, currency, lowest)
         select listing, currency, min(amount) from (
           select listing, currency, price as amount from product where listing = any($1) and active
           union all
           select p.listing, o ->> 'currency', (o ->> 'amount')::bigint
           from product p, jsonb_array_elements(p.other_prices) o where p.listing = any($1) and p.active) all_prices
         group by listing, currency",
    )
    .bind(slugs)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "update listing l set lowest = p.price, lowest_currency = p.currency
         from unnest($1::text[]) k(slug)
         left join lateral (select price, currency from product where listing = k.slug and active
                            order by price, sku limit 1) p on true
         where l.slug = k.slug",
    )
    .bind(slugs)
    .execute(db)
    .await?;
    Ok(())
}

/// Titles count most, then SKUs and attributes, then descriptions. Words are kept as they are and by their English stems.
async fn texts(db: &mut Db, pages: &Pages, slugs: &[&Slug]) -> sqlx::Result<()> {
    let (mut titles, mut others, mut descriptions) = (vec![], vec![], vec![]);
    let mut known = BTreeSet::new();
    for slug in slugs {
        let Some(page) = pages.listings.get(slug) else { continue };
        let title = words::of(page.title.as_str());
        let rest = words::of(&rest(pages, slug, page));
        known.extend(title.iter().chain(&rest).cloned());
        titles.push(title.join(" "));
        others.push(rest.join(" "));
        descriptions.push(words::of(page.description.as_str()).join(" "));
    }
    sqlx::query(
        "update listing l set search =
             setweight(to_tsvector('simple', u.title) || to_tsvector('english', u.title), 'A')
          || setweight(to_tsvector('simple', u.rest) || to_tsvector('english', u.rest), 'B')
          || setweight(to_tsvector('english', u.description), 'D')
         from unnest($1::text[], $2::text[], $3::text[], $4::text[]) u(slug, title, rest, description)
         where l.slug = u.slug",
    )
    .bind(slugs.iter().map(|slug| slug.as_str()).collect::<Vec<_>>())
    .bind(titles)
    .bind(others)
    .bind(descriptions)
    .execute(&mut *db)
    .await?;
    words::learn(db, &known).await
}

/// SKUs, attributes and options.
fn rest(pages: &Pages, slug: &Slug, page: &Page) -> String {
    let sold = pages.products.iter().filter(|(_, listed)| listed.listing.as_ref() == Some(slug));
    let sold = sold.flat_map(|(sku, listed)| {
        [sku.as_str()].into_iter().chain(listed.options.values().map(Text::as_str))
    });
    sold.chain(page.attributes.values().map(Text::as_str)).collect::<Vec<_>>().join(" ")
}
