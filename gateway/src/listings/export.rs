//! All listings, by slug, as an import takes them: what is exported here makes the same listings elsewhere.

use super::row::{self, Row};
use crate::{
    app::App,
    export::{self, Export, Exported},
    problem::Problem,
    query::Query,
};
use axum::{extract::State, response::Response};
use contracts::{ListListings, MAX_LISTINGS, Slug, WrittenListing};
use std::sync::Arc;

pub(crate) async fn export(
    State(app): State<Arc<App>>,
    Query(Export { format }): Query<Export>,
) -> Result<Response, Problem> {
    export::all::<WrittenListing>(app, format).await
}

impl Exported for WrittenListing {
    const COLUMNS: &'static [&'static str] = row::COLUMNS;
    type Place = Slug;

    async fn page(app: &App, after: Option<Slug>) -> Result<(Vec<Self>, Option<Slug>), Problem> {
        let limit = u32::try_from(MAX_LISTINGS).unwrap_or(u32::MAX);
        let page = app.ask(&ListListings { after, limit }, "listing").await?;
        Ok((page.listings, page.next))
    }

    fn rows(&self, table: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
        Row::of(self).iter().try_for_each(|row| table.serialize(row))
    }
}
