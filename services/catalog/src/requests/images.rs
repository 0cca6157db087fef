//! Answers: which pictures listings show, and which are astray.

use super::{News, tell};
use crate::{domain, store::images as store};
use chassis::{Ctx, Db, Fault, clock};
use contracts::{
    AddImage, BeginImage, DeleteImage, ForgetImages, ImageAdded, ImageBegun, ImageHash, ImageId, ImageView,
    Images, ListStrayImages, ListingsChanged, MAX_IMAGES, MAX_STRAYS, PutImage, PutImages, Refusal, Slug,
    Timestamp,
};
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// How long an upload may take: longer than any gateway waits for one.
const UPLOAD: Duration = Duration::from_secs(3_600);
/// How long whoever was told of pictures astray has for deleting their objects, before others are told.
const DELETION: Duration = Duration::from_secs(60);

/// `req.catalog.begin_image`
pub async fn begin_image(ctx: Ctx, asked: BeginImage) -> Result<ImageBegun, Fault> {
    begin(&ctx.db, &asked, clock::now()).await
}

/// Gives a picture its id, unless the listing shows what was sent already.
///
/// # Errors
/// [`Refusal::NotFound`] when there is no such listing, [`Refusal::Conflict`] when it has no room.
pub async fn begin(db: &PgPool, asked: &BeginImage, now: Timestamp) -> Result<ImageBegun, Fault> {
    let mut tx = db.begin().await?;
    let version = store::version(&mut tx, &asked.slug).await?.ok_or_else(no_listing)?;
    if let Some(image) = room(&mut tx, &asked.slug, &asked.content).await? {
        return Ok(ImageBegun::Known(ImageAdded { image, version }));
    }
    let id = ImageId(Uuid::now_v7());
    store::begin(&mut tx, id, now.plus(UPLOAD)).await?;
    tx.commit().await?;
    Ok(ImageBegun::New(id))
}

/// The picture that was sent, if the listing shows it already.
async fn room(db: &mut Db, listing: &Slug, content: &ImageHash) -> Result<Option<ImageView>, Fault> {
    let shown = store::of(db, listing).await?;
    let is_full = shown.len() >= MAX_IMAGES;
    let known = shown.into_iter().find(|(known, _)| known == content).map(|(_, image)| image);
    if known.is_none() && is_full {
        return Err(conflict(format!("a listing has at most {MAX_IMAGES}")));
    }
    Ok(known)
}

/// `req.catalog.add_image`
pub async fn add_image(ctx: Ctx, asked: AddImage) -> Result<ImageAdded, Fault> {
    let added = add(&ctx.db, &asked).await?;
    tell_of(&ctx, asked.slug).await;
    Ok(added)
}

/// Shows a picture whose objects are stored. Of two uploads of the same content at a time the first is shown, the other
/// goes astray.
///
/// # Errors
/// As [`begin`], and [`Refusal::Conflict`] when the upload began too long ago.
pub async fn add(db: &PgPool, asked: &AddImage) -> Result<ImageAdded, Fault> {
    let mut tx = db.begin().await?;
    let version = store::lock(&mut tx, &asked.slug).await?.ok_or_else(no_listing)?;
    if let Some(image) = room(&mut tx, &asked.slug, &asked.content).await? {
        return Ok(ImageAdded { image, version });
    }
    if !store::take_in(&mut tx, asked.id).await? {
        return Err(conflict("the upload took too long; send it again".to_owned()));
    }
    store::add(&mut tx, asked).await?;
    let version = store::count_up(&mut tx, &asked.slug).await?;
    tx.commit().await?;
    let image = ImageView::new(asked.id, asked.alt.clone(), (asked.width, asked.height));
    Ok(ImageAdded { image, version })
}

/// `req.catalog.put_images`
pub async fn put_images(ctx: Ctx, asked: PutImages) -> Result<Images, Fault> {
    let arranged = arrange(&ctx.db, &asked, clock::now()).await?;
    tell_of(&ctx, asked.slug).await;
    Ok(arranged)
}

/// Gives the pictures of a listing their order and their words; those that are left out go astray.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Stale`], or [`Refusal::Invalid`] when one is none of the listing's, or stands there
/// twice.
pub async fn arrange(db: &PgPool, asked: &PutImages, now: Timestamp) -> Result<Images, Fault> {
    let mut tx = db.begin().await?;
    let version = store::lock(&mut tx, &asked.slug).await?.ok_or_else(no_listing)?;
    if version != asked.version {
        return Err(Refusal::Stale { version }.into());
    }
    let shown = shown(&mut tx, &asked.slug).await?;
    let version = match domain::arrange(&shown, &asked.images)? {
        None => version,
        Some(gone) => {
            store::arrange(&mut tx, &asked.images, &gone, now).await?;
            store::count_up(&mut tx, &asked.slug).await?
        }
    };
    finish(tx, &asked.slug, version).await
}

/// `req.catalog.delete_image`
pub async fn delete_image(ctx: Ctx, asked: DeleteImage) -> Result<Images, Fault> {
    let left = take_away(&ctx.db, &asked, clock::now()).await?;
    tell_of(&ctx, asked.slug).await;
    Ok(left)
}

/// Takes a picture away from its listing: it goes astray. The others keep their order.
///
/// # Errors
/// [`Refusal::NotFound`] when the listing has no such picture.
pub async fn take_away(db: &PgPool, asked: &DeleteImage, now: Timestamp) -> Result<Images, Fault> {
    let mut tx = db.begin().await?;
    store::lock(&mut tx, &asked.slug).await?.ok_or_else(no_listing)?;
    let shown = shown(&mut tx, &asked.slug).await?;
    let others = shown.iter().filter(|image| image.id != asked.id);
    let kept: Vec<PutImage> = others.map(|image| PutImage { id: image.id, alt: image.alt.clone() }).collect();
    if kept.len() == shown.len() {
        return Err(Refusal::NotFound { what: "picture".to_owned() }.into());
    }
    store::arrange(&mut tx, &kept, &[asked.id], now).await?;
    let version = store::count_up(&mut tx, &asked.slug).await?;
    finish(tx, &asked.slug, version).await
}

async fn finish(
    mut tx: sqlx::Transaction<'_, sqlx::Postgres>,
    listing: &Slug,
    version: i64,
) -> Result<Images, Fault> {
    let images = shown(&mut tx, listing).await?;
    tx.commit().await?;
    Ok(Images { images, version })
}

async fn shown(db: &mut Db, listing: &Slug) -> sqlx::Result<Vec<ImageView>> {
    Ok(store::of(db, listing).await?.into_iter().map(|(_, image)| image).collect())
}

/// `req.catalog.stray_images`
pub async fn list_stray_images(ctx: Ctx, _: ListStrayImages) -> Result<Vec<ImageId>, Fault> {
    strays(&ctx.db, clock::now()).await
}

/// Dooms pictures that are astray for too long, and lists them.
///
/// # Errors
/// When the database does not answer.
pub async fn strays(db: &PgPool, now: Timestamp) -> Result<Vec<ImageId>, Fault> {
    let most = i64::try_from(MAX_STRAYS).unwrap_or(i64::MAX);
    Ok(store::doom(&mut *db.acquire().await?, now, now.plus(DELETION), most).await?)
}

/// `req.catalog.forget_images`
pub async fn forget_images(ctx: Ctx, asked: ForgetImages) -> Result<(), Fault> {
    if asked.ids.len() > MAX_STRAYS {
        let why = format!("at most {MAX_STRAYS}");
        return Err(Refusal::Invalid { field: "ids".to_owned(), why }.into());
    }
    Ok(store::forget(&mut *ctx.db.acquire().await?, &asked.ids).await?)
}

async fn tell_of(ctx: &Ctx, listing: Slug) {
    tell(ctx, &News { changes: vec![], listings: ListingsChanged { slugs: vec![listing] } }).await;
}

fn no_listing() -> Fault {
    Refusal::NotFound { what: "listing".to_owned() }.into()
}

fn conflict(why: String) -> Fault {
    Refusal::Conflict { field: "image".to_owned(), why }.into()
}
