//! The catalog: products.

use super::{
    Access::{Anyone, RunsTheShop},
    Route, route,
};
use crate::{document::Doc, products};
use contracts::{ProductPage, ProductView};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route("GET /v1/products", Anyone, products::list).doc(
            Doc::new("catalog", "List products by SKU")
                .query::<products::Page>()
                .reply::<ProductPage>(200, "a page"),
        ),
        route("GET /v1/products/{sku}", Anyone, products::show).doc(
            Doc::new("catalog", "Show a product")
                .header("If-None-Match", false, "the `ETag` of the version that the caller has")
                .reply::<ProductView>(200, "the product; its version is the `ETag`")
                .reply_empty(304, "the caller has this version"),
        ),
        // A static path comes before a parameter: a product whose SKU is `export` is only listed.
        route("GET /v1/catalog/export", RunsTheShop, products::export).doc(
            Doc::new("catalog", "Export all products by SKU, as NDJSON or CSV")
                .query::<products::Export>()
                .lines("application/x-ndjson", "a product a line; `text/csv` if asked for"),
        ),
        route("POST /v1/products/import", RunsTheShop, products::import).doc(
            Doc::new("catalog", "Create or change up to 500 products")
                .body::<products::Import>()
                .reply::<products::Imported>(200, "each product's version"),
        ),
    ]
}
