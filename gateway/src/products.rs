//! Products: listed, shown, imported, exported.

mod export;
pub(crate) use export::export;

use crate::{
    app::App,
    body::Json,
    etag,
    problem::Problem,
    query::{self, Query},
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use contracts::{
    GetProduct, ImportProducts, ListProducts, MAX_IMPORT, Product, ProductPage, ProductVersion, ProductView,
    Sku,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Products on a page when nothing is said.
const USUAL: u32 = 50;
/// The most products on a page.
const MOST: u32 = 500;

/// Which page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Only after this SKU: the last page's `next`.
    after: Option<Sku>,
    /// 1 to 500; 50 when nothing is said.
    limit: Option<u32>,
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(Page { after, limit }): Query<Page>,
) -> Result<axum::Json<ProductPage>, Problem> {
    let limit = query::page(limit, USUAL, MOST)?;
    app.ask(&ListProducts { after, limit }, "product").await.map(axum::Json)
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(sku): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sku = Sku::new(sku).map_err(|_| Problem::not_found("product"))?;
    let product: ProductView = app.ask(&GetProduct { sku }, "product").await?;
    Ok(etag::answer(&headers, product.version, product))
}

/// Products to create or change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    /// 1 to 500, each SKU once.
    #[schemars(length(min = 1, max = 500))]
    products: Vec<Product>,
}

/// The products as they are now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Imported {
    /// All that were named, also those that stayed as they were.
    products: Vec<ProductVersion>,
}

pub(crate) async fn import(
    State(app): State<Arc<App>>,
    Json(Import { products }): Json<Import>,
) -> Result<axum::Json<Imported>, Problem> {
    if products.is_empty() || products.len() > MAX_IMPORT {
        return Err(Problem::field("products", format!("1 to {MAX_IMPORT} products")));
    }
    let products = app.ask(&ImportProducts { products }, "product").await?;
    Ok(axum::Json(Imported { products }))
}
