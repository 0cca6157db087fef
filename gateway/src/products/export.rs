//! All products in one answer, written while they are read: no more than one page is in memory.
//!
//! Pages are read one after the other, by SKU: a product that is changed meanwhile stands there once, as it was or as
//! it is. When a page cannot be read the answer breaks off, as HTTP knows it, so that half of the products is never
//! taken for all of them.

use super::MOST;
use crate::{app::App, problem::Problem, query::Query};
use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use contracts::{ListProducts, ProductPage, ProductView, Sku};
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{future::ready, io, sync::Arc};

/// How to write them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    /// `ndjson` when nothing is said.
    #[serde(default)]
    format: Format,
}

/// How products are written.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// RFC 4180 with a line of names.
    Csv,
}

pub(crate) async fn export(
    State(app): State<Arc<App>>,
    Query(Export { format }): Query<Export>,
) -> Result<Response, Problem> {
    // The first page is read before anything is answered: a catalog that is away is a 503.
    let first = read(&app, None).await?;
    let head = format.head().map_err(|error| broken(&error))?;
    let lines = format.lines(&first.products).map_err(|error| broken(&error))?;
    let rest = stream::try_unfold(first.next, move |after| {
        let app = Arc::clone(&app);
        async move {
            let Some(after) = after else { return Ok(None) };
            let page = read(&app, Some(after)).await.map_err(|_| io::Error::other("no more can be read"))?;
            Ok(Some((format.lines(&page.products)?, page.next)))
        }
    });
    let begin = stream::once(ready(io::Result::Ok([head, lines].concat())));
    Ok(([(header::CONTENT_TYPE, format.media())], Body::from_stream(begin.chain(rest))).into_response())
}

async fn read(app: &App, after: Option<Sku>) -> Result<ProductPage, Problem> {
    app.ask(&ListProducts { after, limit: MOST }, "product").await
}

fn broken(error: &io::Error) -> Problem {
    tracing::error!(%error, "products cannot be written");
    Problem::new(crate::problem::Kind::Internal, "the cause is in the log")
}

impl Format {
    const fn media(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What stands before the first product, even if there is none.
    fn head(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Ndjson => Ok(Vec::new()),
            Self::Csv => {
                table(|csv| csv.write_record(["sku", "name", "price", "currency", "active", "version"]))
            }
        }
    }

    fn lines(self, products: &[ProductView]) -> io::Result<Vec<u8>> {
        match self {
            Self::Ndjson => {
                let mut lines = Vec::new();
                for product in products {
                    serde_json::to_writer(&mut lines, product)?;
                    lines.push(b'\n');
                }
                Ok(lines)
            }
            Self::Csv => table(|csv| products.iter().try_for_each(|product| csv.serialize(product))),
        }
    }
}

/// A part of a table: its names are written once, by the head.
fn table(fill: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> io::Result<Vec<u8>> {
    let mut csv = csv::WriterBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    fill(&mut csv).map_err(io::Error::other)?;
    csv.into_inner().map_err(csv::IntoInnerError::into_error)
}
