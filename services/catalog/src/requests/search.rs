//! Answers: finding listings.

use crate::store::{self, search::Wanted, words};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chassis::{Ctx, Fault};
use contracts::{Found, FoundListing, Refusal, SearchListings, Slug, SortBy, Text, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

/// The most listings on a page.
const MAX_PAGE: u32 = 100;

/// A place in an order: behind it the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub sort: SortBy,
    /// What the order goes by, as Postgres reads it.
    pub key: String,
    pub slug: Slug,
}

impl Cursor {
    fn write(&self) -> Option<Text<1500>> {
        let json = serde_json::to_vec(self).ok()?;
        Text::new(URL_SAFE_NO_PAD.encode(json)).ok()
    }

    /// None if it was not written here, or for another order.
    fn read(text: &str, sort: SortBy) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&json).ok()?;
        let key = cursor.key.as_str();
        let is_whole = match sort {
            SortBy::Relevance => key.parse::<f32>().is_ok(),
            SortBy::Newest => Timestamp::parse(key).is_ok(),
            SortBy::PriceUp | SortBy::PriceDown => key.parse::<i64>().is_ok(),
            SortBy::Title => !key.contains('\0'),
        };
        Some(cursor).filter(|cursor| cursor.sort == sort && is_whole)
    }
}

/// `req.catalog.search`
pub async fn search_listings(ctx: Ctx, asked: SearchListings) -> Result<Found, Fault> {
    search(&ctx.db, &asked).await
}

/// Finds listings.
///
/// # Errors
/// [`Refusal::Invalid`] when the limit is out of range, the cursor of another order, or a currency missing.
pub async fn search(db: &PgPool, asked: &SearchListings) -> Result<Found, Fault> {
    if !(1..=MAX_PAGE).contains(&asked.limit) {
        return Err(invalid("limit", &format!("from 1 to {MAX_PAGE}")));
    }
    if asked.by_price() && asked.currency.is_none() {
        return Err(invalid("currency", "is needed to compare prices"));
    }
    let mut words = words::of(asked.words.as_ref().map_or("", Text::as_str));
    words.truncate(words::MOST);
    let mut tx = store::search::begin(db).await?;
    let meant = if words.is_empty() { None } else { Some(words::meant(&mut tx, &words).await?) };
    let (query, corrected) = meant.map_or((None, None), |meant| (Some(meant.query), meant.corrected));
    let categories = match &asked.category {
        Some(category) => Some(store::categories::below(&mut tx, category).await?),
        None => None,
    };
    let wanted = Wanted { ask: asked, query, categories };
    let after = match &asked.after {
        None => None,
        Some(text) => {
            let cursor = Cursor::read(text.as_str(), wanted.sort());
            Some(cursor.ok_or_else(|| invalid("after", "is not the end of a page in this order"))?)
        }
    };
    // One more than wanted tells whether there is another page.
    let mut hits = store::search::page(&mut tx, &wanted, after.as_ref(), i64::from(asked.limit) + 1).await?;
    let limit = asked.limit as usize;
    let is_last = hits.len() <= limit;
    hits.truncate(limit);
    let next = hits.last().filter(|_| !is_last).and_then(|last| last.place.write());
    let mut listings: Vec<FoundListing> = hits.into_iter().map(|hit| hit.listing).collect();
    let slugs: Vec<&str> = listings.iter().map(|listing| listing.slug.as_str()).collect();
    let mut images = store::images::firsts(&mut tx, &slugs).await?;
    for listing in &mut listings {
        listing.image = images.remove(&listing.slug);
    }
    let facets = if asked.facets { Some(store::search::facets(&mut tx, &wanted).await?) } else { None };
    tx.commit().await?;
    Ok(Found { listings, next, corrected, facets })
}

fn invalid(field: &str, why: &str) -> Fault {
    Refusal::Invalid { field: field.to_owned(), why: why.to_owned() }.into()
}
