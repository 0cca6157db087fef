//! All of a kind in one answer, written while it is read: no more than one page is in memory.
//!
//! Pages are read one after the other, by key: what is changed meanwhile stands there once, as it was or as it is. When a
//! page cannot be read the answer breaks off, as HTTP knows it, so that half of it is never taken for all.

use crate::{
    app::App,
    problem::{Kind, Problem},
};
use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{future::ready, io, sync::Arc};

/// How to write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    /// `ndjson` when nothing is said.
    #[serde(default)]
    pub format: Format,
}

/// How things are written.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// RFC 4180 with a line of names.
    Csv,
}

/// What can be exported; a line of NDJSON each.
pub(crate) trait Exported: Serialize + Sized + Send + Sync + 'static {
    /// The names of a table's columns.
    const COLUMNS: &'static [&'static str];
    /// Where a page ends.
    type Place: Send + 'static;

    /// The first page, or the one behind a place; and where it ends, if another one follows.
    fn page(
        app: &App,
        after: Option<Self::Place>,
    ) -> impl Future<Output = Result<(Vec<Self>, Option<Self::Place>), Problem>> + Send;

    /// Writes its rows of a table.
    fn rows(&self, table: &mut csv::Writer<Vec<u8>>) -> csv::Result<()>;
}

/// Everything there is.
///
/// # Errors
/// When the first page cannot be read: it is read before anything is answered, so a service that is away is a 503.
pub(crate) async fn all<E: Exported>(app: Arc<App>, format: Format) -> Result<Response, Problem> {
    let (first, next) = E::page(&app, None).await?;
    let head = format.head(E::COLUMNS).map_err(|error| broken(&error))?;
    let lines = format.lines(&first).map_err(|error| broken(&error))?;
    let rest = stream::try_unfold(next, move |after| {
        let app = Arc::clone(&app);
        async move {
            let Some(after) = after else { return Ok(None) };
            let (page, next) =
                E::page(&app, Some(after)).await.map_err(|_| io::Error::other("no more can be read"))?;
            Ok(Some((format.lines(&page)?, next)))
        }
    });
    let begin = stream::once(ready(io::Result::Ok([head, lines].concat())));
    Ok(([(header::CONTENT_TYPE, format.media())], Body::from_stream(begin.chain(rest))).into_response())
}

fn broken(error: &io::Error) -> Problem {
    tracing::error!(%error, "what is exported cannot be written");
    Problem::new(Kind::Internal, "the cause is in the log")
}

impl Format {
    const fn media(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What stands before the first line, even if there is none.
    fn head(self, columns: &[&str]) -> io::Result<Vec<u8>> {
        match self {
            Self::Ndjson => Ok(Vec::new()),
            Self::Csv => table(|csv| csv.write_record(columns)),
        }
    }

    fn lines<E: Exported>(self, page: &[E]) -> io::Result<Vec<u8>> {
        match self {
            Self::Ndjson => {
                let mut lines = Vec::new();
                for one in page {
                    serde_json::to_writer(&mut lines, one)?;
                    lines.push(b'\n');
                }
                Ok(lines)
            }
            Self::Csv => table(|csv| page.iter().try_for_each(|one| one.rows(csv))),
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
