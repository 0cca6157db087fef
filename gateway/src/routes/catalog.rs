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
        route("GET /v1/products/{sku}", Anyone, products::show)
            .doc(Doc::new("catalog", "Show a product").reply::<ProductView>(200, "the product")),
        route("POST /v1/products/import", RunsTheShop, products::import).doc(
            Doc::new("catalog", "Create or change up to 500 products")
                .body::<products::Import>()
                .reply::<products::Imported>(200, "each product's version"),
        ),
    ]
}
