//! A file of listings: taken line by line, with an account of what was refused.
//!
//! The answer begins at once and is written while the listings are: a line of progress for each batch, one for each
//! listing that was refused, and one at the end. An answer without that last line broke off.

mod account;
mod read;

use crate::{
    app::App,
    body,
    problem::{Kind, Problem},
};
use account::{Account, Note};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use contracts::{Basis, MAX_LISTINGS, PutListing, PutListings};
use futures_util::stream;
use read::{Format, Line};
use std::{convert::Infallible, sync::Arc, time::Duration, vec};

/// The largest file, in bytes.
const MOST: usize = 32 << 20;
/// Time for it to arrive.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn import(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let format = format(request.headers())?;
    let permit = app.imports.clone().try_acquire_owned();
    let permit =
        permit.map_err(|_| Problem::new(Kind::Overloaded, "another import is under way").retry_after(10))?;
    let lines = stream::unfold(State_::Arriving(request, format), move |state| {
        let app = app.clone();
        let _held = &permit;
        async move { state.next(&app).await }
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-ndjson" => Ok(Format::Ndjson),
        "text/csv" => Ok(Format::Csv),
        _other => Err(Problem::new(Kind::MediaType, "send Content-Type: application/x-ndjson or text/csv")),
    }
}

/// How far an import is.
enum State_ {
    Arriving(Request, Format),
    Taking(vec::IntoIter<Line>, Account),
    Done,
}

impl State_ {
    async fn next(self, app: &App) -> Option<(Result<Bytes, Infallible>, Self)> {
        match self {
            Self::Arriving(request, format) => match body::read_within(request, MOST, PATIENCE).await {
                Ok(file) => {
                    let lines = read::read(format, &file);
                    let account = Account::new(lines.len());
                    Some((Ok(account.progress()), Self::Taking(lines.into_iter(), account)))
                }
                Err(problem) => Some((Ok(Account::new(0).broken(&problem)), Self::Done)),
            },
            Self::Taking(mut lines, mut account) => {
                let batch = batch(&mut lines);
                if batch.is_empty() {
                    return Some((Ok(account.end()), Self::Done));
                }
                match take(app, batch, &mut account).await {
                    Ok(written) => Some((Ok(written), Self::Taking(lines, account))),
                    Err(problem) => Some((Ok(account.broken(&problem)), Self::Done)),
                }
            }
            Self::Done => None,
        }
    }
}

/// The next listings that one request may carry. One that is too large for any, as for `PUT`, is refused.
fn batch(lines: &mut vec::IntoIter<Line>) -> Vec<Line> {
    let (mut batch, mut bytes) = (vec![], 0);
    while batch.len() < MAX_LISTINGS
        && let Some(next) = lines.as_slice().first().map(Line::bytes)
    {
        let is_too_large = next > body::MOST;
        bytes += if is_too_large { 0 } else { next };
        if bytes > body::MOST {
            break;
        }
        batch.extend(lines.next().map(|line| {
            let too_large = || Err(("listing".to_owned(), format!("at most {} bytes", body::MOST)));
            if is_too_large { Line { read: too_large(), ..line } } else { line }
        }));
    }
    batch
}

/// Has a batch written, and says what became of it.
async fn take(app: &App, batch: Vec<Line>, account: &mut Account) -> Result<Bytes, Problem> {
    let (mut notes, mut numbers, mut listings) = (vec![], vec![], Vec::<PutListing>::new());
    for line in batch {
        match line.read {
            Err((field, why)) => notes.push(account.refused(line.number, None, field, why)),
            // A request names each slug once: the second of a file is a mistake.
            Ok((slug, _)) if listings.iter().any(|put| put.slug == slug) => {
                let why = "stands a few lines above".to_owned();
                notes.push(account.refused(line.number, Some(slug), "slug".to_owned(), why));
            }
            Ok((slug, listing)) => {
                numbers.push(line.number);
                listings.push(PutListing { slug, basis: Basis::Any, listing });
            }
        }
    }
    let slugs: Vec<_> = listings.iter().map(|put| put.slug.clone()).collect();
    let outcomes = app.ask(&PutListings { listings }, "listing").await?;
    for ((number, slug), outcome) in numbers.into_iter().zip(slugs).zip(outcomes) {
        notes.extend(account.take(number, slug, outcome));
    }
    notes.sort_by_key(Note::line);
    Ok(account.written(&notes))
}
