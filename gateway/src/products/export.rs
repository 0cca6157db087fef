//! All products, by SKU.

use super::MOST;
use crate::{
    app::App,
    export::{self, Export, Exported},
    problem::Problem,
    query::Query,
};
use axum::{extract::State, response::Response};
use contracts::{ListProducts, ProductView, Sku};
use std::sync::Arc;

pub(crate) async fn export(
    State(app): State<Arc<App>>,
    Query(Export { format }): Query<Export>,
) -> Result<Response, Problem> {
    export::all::<ProductView>(app, format).await
}

impl Exported for ProductView {
    const COLUMNS: &'static [&'static str] = &["sku", "name", "price", "currency", "active", "version"];
    type Place = Sku;

    async fn page(app: &App, after: Option<Sku>) -> Result<(Vec<Self>, Option<Sku>), Problem> {
        let page = app.ask(&ListProducts { after, limit: MOST }, "product").await?;
        Ok((page.products, page.next))
    }

    fn rows(&self, table: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
        table.serialize(self)
    }
}
