//! Pictures of listings: sent, arranged, shown.
//!
//! The bytes never pass the catalog: what is kept of a picture is drawn here, and stored; then the catalog writes down that
//! the listing shows it. So a row always has its objects. Objects without a row are `strays`.

mod colours;
mod picture;
mod s3;
mod scale;
mod store;
mod strays;
mod whole;

pub(crate) use strays::follow;

use super::which;
use crate::{
    Settings,
    app::App,
    body::{self, Json},
    etag,
    hash::sha256,
    problem::{Kind, Problem},
    query::Query,
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use contracts::{
    AddImage, AltText, BeginImage, DeleteImage, ImageAdded, ImageBegun, ImageHash, ImageId, ImageSize,
    Images as Shown, MAX_IMAGES, PutImage, PutImages,
};
use futures_util::future::try_join_all;
use image::ImageFormat;
use picture::{Drawn, Head, MOST_BYTES};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use store::Store;
use tokio::sync::Semaphore;

/// The most uploads at a time: each holds a file in memory.
const UPLOADS: usize = 4;
/// The most pictures that are drawn at a time: each takes a core, and up to half a gigabyte of memory.
const DRAWN: usize = 1;
/// Time for a file to arrive.
const PATIENCE: Duration = Duration::from_secs(20);
/// For a year, and never asked for again: what is under an id never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Pages of all sites may show it.
const RESOURCE_POLICY: (HeaderName, &str) =
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
const PICTURE: &str = "picture";

/// What handlers of pictures share.
pub(crate) struct Images {
    store: Store,
    uploads: Semaphore,
    drawing: Arc<Semaphore>,
}

impl Images {
    /// # Errors
    /// When the settings name no place to keep pictures.
    pub fn open(settings: &Settings) -> anyhow::Result<Self> {
        let (uploads, drawing) = (Semaphore::new(UPLOADS), Arc::new(Semaphore::new(DRAWN)));
        Ok(Self { store: Store::open(settings)?, uploads, drawing })
    }

    /// Works on a file off the threads that serve requests, one at a time. A decoder that panics has met a file that is
    /// no picture.
    async fn work<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.drawing).acquire_owned().await;
        let work = move || {
            // Held to the end of the work, even if nobody waits for it any more.
            let _permit = permit;
            what()
        };
        let worked = tokio::task::spawn_blocking(work).await;
        worked.unwrap_or_else(|_| Err(Problem::field("body", "the picture cannot be read")))
    }
}

/// What is said of a picture that is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    /// What it shows, in words: at most 250 characters.
    alt: Option<AltText>,
}

pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    Query(Upload { alt }): Query<Upload>,
    request: Request,
) -> Result<Response, Problem> {
    let slug = which(&slug)?;
    let busy = |_| Problem::new(Kind::Overloaded, "other pictures are being sent");
    let _place = app.images.uploads.try_acquire().map_err(busy)?;
    let file = body::read_within(request, MOST_BYTES, PATIENCE).await?;
    let sent = file.clone();
    let looked = move || Ok((Head::read(&sent)?, sha256(&sent)));
    let (head, hash) = app.images.work(looked).await?;
    let content = ImageHash::new(hash).map_err(|_| Problem::new(Kind::Internal, "no hash"))?;

    let id = match app.ask(&BeginImage { slug: slug.clone(), content: content.clone() }, "listing").await? {
        ImageBegun::New(id) => id,
        ImageBegun::Known(known) => return Ok(added(StatusCode::OK, known)),
    };
    let Drawn { width, height, sizes } = app.images.work(move || head.draw(&file)).await?;
    try_join_all(sizes.map(|(size, bytes)| app.images.store.put(id, size, bytes))).await?;
    let asked = AddImage { id, slug, content, alt, width, height };
    let shown = app.ask(&asked, "listing").await?;
    let status = if shown.image.id == id { StatusCode::CREATED } else { StatusCode::OK };
    Ok(added(status, shown))
}

fn added(status: StatusCode, added: ImageAdded) -> Response {
    (status, [(header::ETAG, format!("\"{}\"", added.version))], axum::Json(added)).into_response()
}

/// The pictures of a listing, in their order. What is left out is taken away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arranged {
    /// At most 20, each once; none that the listing does not show already.
    #[schemars(length(max = 20))]
    images: Vec<PutImage>,
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Json(Arranged { images }): Json<Arranged>,
) -> Result<Response, Problem> {
    let slug = which(&slug)?;
    if images.len() > MAX_IMAGES {
        return Err(Problem::field("images", format!("at most {MAX_IMAGES}")));
    }
    let version = etag::if_match(&headers, super::version)?.ok_or_else(|| {
        let why = "send If-Match with the version of the listing that was read";
        Problem::new(Kind::PreconditionRequired, why).at("If-Match")
    })?;
    app.ask(&PutImages { slug, version, images }, "listing").await.map(shown)
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Path((slug, image)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (slug, id) = (which(&slug)?, image_id(&image)?);
    app.ask(&DeleteImage { slug, id }, PICTURE).await.map(shown)
}

fn shown(shown: Shown) -> Response {
    ([(header::ETAG, format!("\"{}\"", shown.version))], axum::Json(shown)).into_response()
}

/// Shows a picture to whoever knows its id, which listings tell. It is what was drawn here, and nothing else: whatever got
/// into the store otherwise is not shown.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path((image, size)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let none = || Problem::not_found(PICTURE);
    let (id, size) = (image_id(&image)?, ImageSize::named(&size).ok_or_else(none)?);
    let bytes = app.images.store.get(id, size).await?.ok_or_else(none)?;
    let media = media_type(&bytes).ok_or_else(none)?;
    let tag = format!("\"{id}-{}\"", size.name());
    let whole = || ([(header::CONTENT_TYPE, media)], [RESOURCE_POLICY], bytes).into_response();
    let mut response = etag::tagged(&headers, &tag, whole);
    response.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
    Ok(response)
}

fn image_id(text: &str) -> Result<ImageId, Problem> {
    text.parse().map_err(|_| Problem::not_found(PICTURE))
}

/// Of what is drawn here.
fn media_type(file: &Bytes) -> Option<&'static str> {
    let format = image::guess_format(file).ok()?;
    let drawn = matches!(format, ImageFormat::Jpeg | ImageFormat::WebP);
    drawn.then(|| format.to_mime_type())
}
