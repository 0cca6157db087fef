//! Finding listings: full text with ranking, filters, order, pages by cursor.

use super::parsed;
use crate::requests::Cursor;
use chassis::Db;
use contracts::{Amount, FacetValue, Facets, FoundListing, PriceIn, SearchListings, SortBy};
use sqlx::{PgPool, Postgres, QueryBuilder, Transaction, postgres::PgRow, prelude::*, types::Json};
use time::format_description::well_known::Rfc3339;

/// So many listings are ranked at most: a word that more have tells little about which is meant.
const RANKED: i64 = 3_000;
/// So many listings are counted at most.
pub const COUNTED: i64 = 5_000;
/// The most values of an attribute that are counted out.
const VALUES: i64 = 20;

/// Words, filters and orders can be put together in so many ways that no one plan is right: other than all else that
/// services ask (`chassis/src/connect.rs`), a search is planned for what it looks for. Only bitmaps can use GIN indexes.
const PLANNED: &str = "begin isolation level repeatable read, read only;
    set local plan_cache_mode = force_custom_plan;
    set local enable_bitmapscan = on";

/// What was found, with whether any variant of it can be had; a statement that finds follows.
const HITS: &str = "select h.*, exists (select from product v join stock s on s.sku = v.sku
    where v.listing = h.slug and v.active and s.available) as available from (";

/// What to look for, with words and categories made out.
pub struct Wanted<'a> {
    pub ask: &'a SearchListings,
    /// As `to_tsquery` reads it.
    pub query: Option<String>,
    /// The category and all below it.
    pub categories: Option<Vec<String>>,
}

/// A listing and where it stands in the order.
pub struct Hit {
    pub listing: FoundListing,
    pub place: Cursor,
}

/// Begins to look: all that is read in it belongs together.
pub async fn begin(db: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    db.begin_with(PLANNED).await
}

/// The first listings after the cursor.
pub async fn page(
    db: &mut Db,
    wanted: &Wanted<'_>,
    after: Option<&Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<Hit>> {
    let sort = wanted.sort();
    let mut sql = QueryBuilder::new(HITS);
    wanted.hits(&mut sql);
    if sort == SortBy::Relevance {
        sql.push(" limit ").push_bind(RANKED);
    }
    sql.push(") h where true");
    if let Some(after) = after {
        sql.push(" and ");
        beyond(&mut sql, sort, after);
    }
    sql.push(match sort {
        SortBy::Relevance => " order by h.rank desc, h.slug",
        SortBy::Newest => " order by h.created_at desc, h.slug",
        SortBy::PriceUp => " order by h.lowest, h.slug",
        SortBy::PriceDown => " order by h.lowest desc, h.slug",
        SortBy::Title => " order by h.title collate \"C\", h.slug",
    });
    sql.push(" limit ").push_bind(limit);
    let rows = sql.build().fetch_all(db).await?;
    rows.iter().map(|row| hit(row, sort)).collect()
}

/// Counts what there is to filter by.
pub async fn facets(db: &mut Db, wanted: &Wanted<'_>) -> sqlx::Result<Facets> {
    let mut sql = QueryBuilder::new("with hits as materialized (");
    sql.push(HITS);
    wanted.hits(&mut sql);
    // One more tells whether there are more.
    sql.push(" limit ").push_bind(COUNTED + 1);
    sql.push(
        ") h) select 'total' as kind, null as name, null as value, count(*) as count from hits
         union all select 'available', null, null, count(*) from hits where available
         union all select 'lowest', null, null, min(lowest) from hits
         union all select 'highest', null, null, max(lowest) from hits
         union all select 'category', null, category, count(*) from hits where category is not null group by category
         union all select 'attribute', name, value, count from (
           select key as name, value, count(*) as count,
                  row_number() over (partition by key order by count(*) desc, value) as nr
           from hits, jsonb_each_text(attributes) group by key, value) counted where nr <= ",
    );
    sql.push_bind(VALUES).push(" order by count desc, value");
    let rows = sql.build().fetch_all(db).await?;
    let mut facets = Facets { exact: true, ..Facets::default() };
    for row in rows {
        count(&mut facets, &row)?;
    }
    if facets.total > COUNTED {
        (facets.total, facets.exact) = (COUNTED, false);
    }
    if wanted.ask.currency.is_none() {
        (facets.lowest, facets.highest) = (None, None);
    }
    Ok(facets)
}

fn count(facets: &mut Facets, row: &PgRow) -> sqlx::Result<()> {
    let counted: Option<i64> = row.try_get("count")?;
    let amount = counted.map(parsed::<i64, Amount>).transpose();
    let count = counted.unwrap_or_default();
    let value = || Ok::<_, sqlx::Error>(FacetValue { value: row.try_get("value")?, count });
    match row.try_get::<&str, _>("kind")? {
        "total" => facets.total = count,
        "available" => facets.available = count,
        "lowest" => facets.lowest = amount?,
        "highest" => facets.highest = amount?,
        "category" => facets.categories.push(value()?),
        _attribute => facets.attributes.entry(row.try_get("name")?).or_default().push(value()?),
    }
    Ok(())
}

impl Wanted<'_> {
    /// The order, when no words say what fits best.
    pub const fn sort(&self) -> SortBy {
        match (self.ask.sort, &self.query) {
            (SortBy::Relevance, None) => SortBy::Newest,
            (sort, _) => sort,
        }
    }

    /// The lowest price in the currency that is asked for. With words few listings fit: looking up each price costs less
    /// than reading all of them.
    fn lowest(&self, sql: &mut QueryBuilder<Postgres>) {
        match self.ask.currency {
            Some(currency) if self.query.is_some() => {
                sql.push("(select p.lowest from listing_price p where p.listing = l.slug and p.currency = ");
                sql.push_bind(currency.as_str().to_owned()).push(")");
            }
            Some(_) => {
                sql.push("p.lowest");
            }
            None => {
                sql.push("l.lowest");
            }
        }
    }

    /// All listings that fit, in no order.
    fn hits(&self, sql: &mut QueryBuilder<Postgres>) {
        let ask = self.ask;
        sql.push("select l.slug, l.title, l.category, l.attributes, l.created_at, ");
        self.lowest(sql);
        sql.push(" as lowest, ");
        match ask.currency {
            Some(currency) => sql.push_bind(currency.as_str().to_owned()).push(" as lowest_currency, "),
            None => sql.push("l.lowest_currency, "),
        };
        match (&self.query, self.sort()) {
            (Some(_), SortBy::Relevance) => sql.push("ts_rank(l.search, q.query) as rank"),
            (_, _) => sql.push("0::real as rank"),
        };
        sql.push(" from listing l");
        if let Some(currency) = ask.currency.filter(|_| self.query.is_none()) {
            sql.push(if ask.by_price() { " join" } else { " left join" });
            sql.push(" listing_price p on p.listing = l.slug and p.currency = ");
            sql.push_bind(currency.as_str().to_owned());
        }
        if let Some(query) = &self.query {
            sql.push(" cross join (select to_tsquery('simple', ").push_bind(query.clone());
            sql.push(") || to_tsquery('english', ").push_bind(query.clone()).push(") as query) q");
        }
        sql.push(" where l.published");
        if self.query.is_some() {
            sql.push(" and l.search @@ q.query");
        }
        if let Some(categories) = &self.categories {
            sql.push(" and l.category = any(").push_bind(categories.clone()).push(")");
        }
        if !ask.attributes.is_empty() {
            sql.push(" and l.attributes @> ").push_bind(Json(ask.attributes.clone()));
        }
        if ask.by_price() {
            sql.push(" and ");
            self.lowest(sql);
            sql.push(" between ").push_bind(ask.min_price.map_or(0, Amount::minor)).push(" and ");
            sql.push_bind(ask.max_price.map_or(i64::MAX, Amount::minor));
        }
        if ask.only_available {
            sql.push(
                " and exists (select from product v join stock s on s.sku = v.sku
                              where v.listing = l.slug and v.active and s.available)",
            );
        }
    }
}

/// Rows that come after the cursor.
fn beyond(sql: &mut QueryBuilder<Postgres>, sort: SortBy, after: &Cursor) {
    let (column, direction, cast) = match sort {
        SortBy::Relevance => ("h.rank", "<", "::real"),
        SortBy::Newest => ("h.created_at", "<", "::timestamptz"),
        SortBy::PriceUp => ("h.lowest", ">", "::bigint"),
        SortBy::PriceDown => ("h.lowest", "<", "::bigint"),
        SortBy::Title => ("h.title collate \"C\"", ">", "::text"),
    };
    sql.push(format!("({column} {direction} "));
    sql.push_bind(after.key.clone()).push(cast);
    sql.push(format!(" or ({column} = ")).push_bind(after.key.clone()).push(cast);
    sql.push(" and h.slug > ").push_bind(after.slug.as_str().to_owned()).push("))");
}

fn hit(row: &PgRow, sort: SortBy) -> sqlx::Result<Hit> {
    let (lowest, currency): (Option<i64>, Option<&str>) =
        (row.try_get("lowest")?, row.try_get("lowest_currency")?);
    let price = match (lowest, currency) {
        (Some(amount), Some(currency)) => Some(PriceIn {
            currency: currency.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            amount: parsed(amount)?,
        }),
        (_, _) => None,
    };
    let category: Option<String> = row.try_get("category")?;
    let listing = FoundListing {
        slug: parsed(row.try_get::<String, _>("slug")?)?,
        title: parsed(row.try_get::<String, _>("title")?)?,
        category: category.map(parsed).transpose()?,
        price,
        available: row.try_get("available")?,
        image: None, // looked up for the page alone
    };
    let key = match sort {
        SortBy::Relevance => row.try_get::<f32, _>("rank")?.to_string(),
        SortBy::Newest => row
            .try_get::<time::OffsetDateTime, _>("created_at")?
            .format(&Rfc3339)
            .map_err(|error| sqlx::Error::Decode(error.into()))?,
        SortBy::PriceUp | SortBy::PriceDown => lowest.unwrap_or_default().to_string(),
        SortBy::Title => listing.title.as_str().to_owned(),
    };
    Ok(Hit { place: Cursor { sort, key, slug: listing.slug.clone() }, listing })
}
