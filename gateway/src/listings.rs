//! Listings: found, shown, written; and the tree of categories.

pub(crate) mod categories;
mod export;
pub(crate) mod images;
mod import;
mod row;
pub(crate) use export::export;
pub(crate) use import::import;

use crate::{
    app::App,
    body::Json,
    cache::{View, What},
    etag,
    hash::sha256,
    problem::{Kind, Problem},
    query,
};
use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::{
    Amount, AttributeName, AttributeValue, Basis, Currency, Found, GetListing, Listing, ListingView, Put,
    PutListing, PutListings, SearchListings, Slug, SortBy, Text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Listings on a page when nothing is said.
const USUAL: u32 = 20;
/// The most listings on a page.
const MOST: u32 = 100;
/// What a parameter begins with that asks for an attribute.
const ATTRIBUTE: &str = "attr.";

/// What to find. A parameter `attr.NAME=VALUE` asks for an attribute; there may be several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Words, the last of which may be the beginning of one.
    q: Option<String>,
    /// Only in this category, and in those that are parts of it.
    category: Option<Slug>,
    /// The currency of prices; needed to filter or sort by them.
    currency: Option<Currency>,
    /// Only if the cheapest variant costs at least so much, in minor units.
    min_price: Option<Amount>,
    /// Only if the cheapest variant costs at most so much, in minor units.
    max_price: Option<Amount>,
    /// Only what is available.
    #[serde(default)]
    available: bool,
    /// `relevance` when nothing is said.
    #[serde(default)]
    sort: SortBy,
    /// Only after this place: the last page's `next`.
    after: Option<Text<1500>>,
    /// 1 to 100; 20 when nothing is said.
    limit: Option<u32>,
    /// Whether to count what there is to filter by.
    #[serde(default)]
    facets: bool,
}

pub(crate) async fn search(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (attributes, rest) = attributes(raw.as_deref().unwrap_or_default())?;
    let Search { q, category, currency, min_price, max_price, available, sort, after, limit, facets } =
        query::read(&rest)?;
    let words = q.filter(|words| !words.trim().is_empty()).map(Text::new).transpose();
    let words = words.map_err(|_| Problem::field("q", "at most 200 characters, none a control character"))?;
    let ask = SearchListings {
        words,
        category,
        currency,
        min_price,
        max_price,
        attributes,
        only_available: available,
        sort,
        after,
        limit: query::page(limit, USUAL, MOST)?,
        facets,
    };
    // Questions that mean the same are one; what nobody asks twice is not worth a place.
    let key = serde_json::to_string(&ask).map_err(|_| Problem::new(Kind::Internal, "not written"))?;
    let key = sha256(key.as_bytes());
    let read = async {
        let found: Found = app.ask(&ask, "listing").await?;
        let mut view = View::new(String::new(), &found)?;
        view.tag = format!("\"{}\"", &sha256(&view.body)[..32]);
        Ok(view)
    };
    Ok(app.view(What::Search, &key, read).await?.answer(&headers))
}

type Attributes = BTreeMap<AttributeName, AttributeValue>;

/// The attributes that a query asks for, and the rest of it.
fn attributes(raw: &str) -> Result<(Attributes, String), Problem> {
    let (mut attributes, mut rest) = (Attributes::new(), form_urlencoded::Serializer::new(String::new()));
    for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
        let Some(name) = name.strip_prefix(ATTRIBUTE) else {
            rest.append_pair(&name, &value);
            continue;
        };
        let wrong = || Problem::field("attr.*", "a name of 1 to 40 and a value of 1 to 100 characters");
        let name = Text::new(name).map_err(|_| wrong())?;
        let value = Text::new(value).map_err(|_| wrong())?;
        if attributes.insert(name, value).is_some() {
            return Err(Problem::field("attr.*", "each name once"));
        }
    }
    Ok((attributes, rest.finish()))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slug = which(&slug)?;
    let read = async {
        let ask = GetListing { slug: slug.clone(), unpublished: false };
        let listing = app.ask(&ask, "listing").await?;
        View::new(tag(&listing), &listing)
    };
    Ok(app.view(What::Listing, slug.as_str(), read).await?.answer(&headers))
}

/// The version, for changes to build on, and which variants can be had: a page is shown otherwise when something of it runs
/// out, which is no change of it.
fn tag(listing: &ListingView) -> String {
    let available = listing.variants.iter().map(|variant| if variant.available { '1' } else { '0' });
    format!("\"{}-{}\"", listing.version, available.collect::<String>())
}

/// The same for who runs the shop: also what is not published.
pub(crate) async fn show_draft(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let listing = app.ask(&GetListing { slug: which(&slug)?, unpublished: true }, "listing").await?;
    Ok(View::new(tag(&listing), &listing)?.answer(&headers))
}

fn which(slug: &str) -> Result<Slug, Problem> {
    Slug::new(slug).map_err(|_| Problem::not_found("listing"))
}

/// A listing that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Written {
    /// Its name in URLs.
    slug: Slug,
    /// Its version now; also the `ETag`.
    version: i64,
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Json(listing): Json<Listing>,
) -> Result<Response, Problem> {
    let slug = Slug::new(slug).map_err(|error| Problem::field("slug", error.to_string()))?;
    let basis = basis(&headers)?;
    let listings = vec![PutListing { slug: slug.clone(), basis, listing }];
    let outcome = app.ask(&PutListings { listings }, "listing").await?.pop();
    match outcome {
        Some(Put::Done { version, .. }) => {
            let status = if basis == Basis::New { StatusCode::CREATED } else { StatusCode::OK };
            let tag = [(header::ETAG, format!("\"{version}\""))];
            Ok((status, tag, axum::Json(Written { slug, version })).into_response())
        }
        Some(Put::Refused(refusal)) => Err(Problem::refused(refusal, "catalog")),
        None => Err(Problem::new(Kind::Internal, "no outcome came")),
    }
}

/// What a write builds on: `If-Match` names the version that was read, `If-None-Match: *` says that there is none yet.
fn basis(headers: &HeaderMap) -> Result<Basis, Problem> {
    let none = headers.get(header::IF_NONE_MATCH).map(|value| value.to_str().unwrap_or_default().trim());
    match (headers.contains_key(header::IF_MATCH), none) {
        (true, None) => match etag::if_match(headers, version)? {
            Some(version) => Ok(Basis::Version(version)),
            None => Err(needed()),
        },
        (false, Some("*")) => Ok(Basis::New),
        (false, Some(_)) => Err(Problem::header("If-None-Match", "only * makes sense here")),
        (true, Some(_)) => Err(Problem::header("If-Match", "not together with If-None-Match")),
        (false, None) => Err(needed()),
    }
}

/// The version in a listing's tag: what stands behind it says which variants can be had.
fn version(tag: &str) -> Option<i64> {
    tag.split('-').next().and_then(|version| version.parse().ok())
}

fn needed() -> Problem {
    let why = "send If-Match with the version that was read, or If-None-Match: * for a new one";
    Problem::new(Kind::PreconditionRequired, why).at("If-Match")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_taken_out_of_a_query_and_the_rest_stays() {
        let (attributes, rest) = attributes("q=tea%20pot&attr.colour=red&limit=5&attr.size=L%20%26").unwrap();
        let read: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("colour", "red"), ("size", "L &")]);
        assert_eq!(rest, "q=tea+pot&limit=5");
    }

    #[test]
    fn an_attribute_without_name_or_value_or_twice_is_refused() {
        for wrong in ["attr.=red", "attr.colour=", "attr.a=1&attr.a=2", "attr.a=%00"] {
            assert!(attributes(wrong).is_err(), "{wrong}");
        }
    }
}
