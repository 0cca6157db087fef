//! Answers: writing and showing listings.

use super::{News, tell};
use crate::{
    announce,
    domain::Pages,
    store::{
        self,
        pages::{Touched, change},
    },
};
use chassis::{Ctx, Fault, clock};
use contracts::{
    GetListing, ListListings, ListingPage, ListingView, MAX_LISTINGS, Put, PutListing, PutListings, Refusal,
    Slug, Timestamp, WrittenListing,
};
use sqlx::PgPool;
use std::collections::BTreeSet;

/// `req.catalog.put_listings`
pub async fn put_listings(ctx: Ctx, asked: PutListings) -> Result<Vec<Put>, Fault> {
    let (outcomes, news) = put(&ctx.db, &asked.listings, clock::now()).await?;
    tell(&ctx, &news).await;
    Ok(outcomes)
}

/// Creates or changes listings in one transaction; what is refused is not in it, and keeps no other from it. Returns
/// what became of each, and what is now to be told.
///
/// # Errors
/// [`Refusal::Invalid`] when there are too many, or one twice.
pub async fn put(db: &PgPool, wanted: &[PutListing], now: Timestamp) -> Result<(Vec<Put>, News), Fault> {
    if wanted.len() > MAX_LISTINGS {
        return Err(invalid(format!("at most {MAX_LISTINGS}")));
    }
    let slugs: BTreeSet<_> = wanted.iter().map(|put| &put.slug).collect();
    if slugs.len() != wanted.len() {
        return Err(invalid("each slug once".to_owned()));
    }
    let announce_at = now.plus(announce::GRACE);
    let put = |pages: &mut Pages| -> Vec<Put> {
        let one = |put| match pages.put(put) {
            Ok((version, changed)) => Put::Done { version, changed },
            Err(refused) => Put::Refused(refused),
        };
        wanted.iter().map(one).collect()
    };
    let (pages, outcomes) = change(db, &Touched::Listings(wanted), announce_at, put).await?;
    Ok((outcomes, News::of(&pages)))
}

/// The most that a page of listings may have, in bytes of JSON: an answer must travel.
const PAGE_BYTES: usize = 256 << 10;

/// `req.catalog.list_listings`
pub async fn list_listings(ctx: Ctx, asked: ListListings) -> Result<ListingPage, Fault> {
    page(&ctx.db, asked.after.as_ref(), asked.limit).await
}

/// Lists `limit` listings by slug, from the first one after `after` on; fewer if they are large.
///
/// # Errors
/// [`Refusal::Invalid`] when the limit is not 1 to [`MAX_LISTINGS`].
pub async fn page(db: &PgPool, after: Option<&Slug>, limit: u32) -> Result<ListingPage, Fault> {
    if limit == 0 || limit as usize > MAX_LISTINGS {
        let why = format!("from 1 to {MAX_LISTINGS}");
        return Err(Refusal::Invalid { field: "limit".to_owned(), why }.into());
    }
    // One more than wanted tells whether there is another page.
    let listings = store::listing::page(db, after, i64::from(limit) + 1).await?;
    let (all, mut bytes, mut page) = (listings.len(), 0, Vec::<WrittenListing>::new());
    for listing in listings.into_iter().take(limit as usize) {
        let json = serde_json::to_vec(&listing).map_err(|error| Fault::Broken(error.to_string()))?;
        bytes += json.len();
        if bytes > PAGE_BYTES && !page.is_empty() {
            break;
        }
        page.push(listing);
    }
    let next = page.last().filter(|_| page.len() < all).map(|last| last.slug.clone());
    Ok(ListingPage { listings: page, next })
}

fn invalid(why: String) -> Fault {
    Refusal::Invalid { field: "listings".to_owned(), why }.into()
}

/// `req.catalog.get_listing`
pub async fn get_listing(ctx: Ctx, asked: GetListing) -> Result<ListingView, Fault> {
    show(&ctx.db, &asked).await
}

/// Shows one.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none, or it is not published and only such are asked for.
pub async fn show(db: &PgPool, asked: &GetListing) -> Result<ListingView, Fault> {
    let listing = store::listing::get(db, &asked.slug).await?;
    let shown = listing.filter(|listing| listing.published || asked.unpublished);
    shown.ok_or_else(|| Refusal::NotFound { what: "listing".to_owned() }.into())
}
