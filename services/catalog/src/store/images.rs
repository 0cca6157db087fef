//! Pictures that pages show, and those that are astray.

use super::parsed;
use chassis::Db;
use contracts::{
    AddImage, FoundImage, ImageHash, ImageId, ImageSize, ImageVariant, ImageView, PutImage, Slug, Text,
    Timestamp,
};
use sqlx::{postgres::PgRow, prelude::*};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The listing's version.
pub async fn version(db: &mut Db, listing: &Slug) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select version from listing where slug = $1")
        .bind(listing.as_str())
        .fetch_optional(db)
        .await
}

/// The same, its row locked: whoever changes its pictures is alone.
pub async fn lock(db: &mut Db, listing: &Slug) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select version from listing where slug = $1 for update")
        .bind(listing.as_str())
        .fetch_optional(db)
        .await
}

/// What is shown changes. The listing is locked.
pub async fn count_up(db: &mut Db, listing: &Slug) -> sqlx::Result<i64> {
    sqlx::query_scalar("update listing set version = version + 1 where slug = $1 returning version")
        .bind(listing.as_str())
        .fetch_one(db)
        .await
}

/// The pictures of a listing, in their order, each with what was sent.
pub async fn of(db: &mut Db, listing: &Slug) -> sqlx::Result<Vec<(ImageHash, ImageView)>> {
    let rows = sqlx::query(
        "select id, content, alt, width, height from listing_image where listing = $1 order by position",
    )
    .bind(listing.as_str())
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        let image = ImageView::new(ImageId(row.try_get("id")?), alt(row)?, sides(row)?);
        Ok((parsed(row.try_get::<String, _>("content")?)?, image))
    };
    rows.iter().map(read).collect()
}

fn alt(row: &PgRow) -> sqlx::Result<Option<contracts::AltText>> {
    row.try_get::<Option<String>, _>("alt")?.map(parsed).transpose()
}

fn sides(row: &PgRow) -> sqlx::Result<(u32, u32)> {
    Ok((parsed(row.try_get::<i32, _>("width")?)?, parsed(row.try_get::<i32, _>("height")?)?))
}

/// The first picture of each of these listings that has one.
pub async fn firsts(db: &mut Db, listings: &[&str]) -> sqlx::Result<BTreeMap<Slug, FoundImage>> {
    let rows = sqlx::query(
        "select distinct on (listing) listing, id, alt, width, height from listing_image
         where listing = any($1) order by listing, position",
    )
    .bind(listings)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        let thumb = ImageVariant::of(ImageId(row.try_get("id")?), sides(row)?, ImageSize::Thumb);
        Ok((parsed(row.try_get::<String, _>("listing")?)?, FoundImage { alt: alt(row)?, thumb }))
    };
    rows.iter().map(read).collect()
}

/// Shows a picture behind the others of its listing, which is locked.
pub async fn add(db: &mut Db, asked: &AddImage) -> sqlx::Result<()> {
    sqlx::query(
        "insert into listing_image (id, listing, position, content, alt, width, height)
         select $1, $2, coalesce(max(position) + 1, 0), $3, $4, $5, $6 from listing_image where listing = $2",
    )
    .bind(asked.id.0)
    .bind(asked.slug.as_str())
    .bind(asked.content.as_str())
    .bind(asked.alt.as_ref().map(Text::as_str))
    .bind(parsed::<u32, i32>(asked.width)?)
    .bind(parsed::<u32, i32>(asked.height)?)
    .execute(db)
    .await
    .map(drop)
}

/// Gives pictures of a listing these places and words, and takes `gone` away. The listing is locked.
pub async fn arrange(db: &mut Db, kept: &[PutImage], gone: &[ImageId], now: Timestamp) -> sqlx::Result<()> {
    sqlx::query(
        "with gone as (delete from listing_image where id = any($1) returning id)
         insert into stray_image (id, due_at) select id, $2 from gone",
    )
    .bind(uuids(gone))
    .bind(now.inner())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "update listing_image i set position = u.position - 1, alt = u.alt
         from unnest($1::uuid[], $2::text[]) with ordinality u(id, alt, position) where i.id = u.id",
    )
    .bind(kept.iter().map(|image| image.id.0).collect::<Vec<Uuid>>())
    .bind(kept.iter().map(|image| image.alt.as_ref().map(Text::as_str)).collect::<Vec<_>>())
    .execute(db)
    .await
    .map(drop)
}

/// Objects may be stored under this id until then.
pub async fn begin(db: &mut Db, id: ImageId, due_at: Timestamp) -> sqlx::Result<()> {
    sqlx::query("insert into stray_image (id, due_at) values ($1, $2)")
        .bind(id.0)
        .bind(due_at.inner())
        .execute(db)
        .await
        .map(drop)
}

/// It is astray no more; false if its objects are, or will be, deleted.
pub async fn take_in(db: &mut Db, id: ImageId) -> sqlx::Result<bool> {
    let taken =
        sqlx::query("delete from stray_image where id = $1 and not doomed").bind(id.0).execute(db).await?;
    Ok(taken.rows_affected() == 1)
}

/// Dooms what is due, and lists it; it is due again at `again`.
pub async fn doom(db: &mut Db, now: Timestamp, again: Timestamp, limit: i64) -> sqlx::Result<Vec<ImageId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "update stray_image s set doomed = true, due_at = $2
         from (select id from stray_image where due_at <= $1 order by due_at limit $3 for update skip locked) due
         where s.id = due.id returning s.id",
    )
    .bind(now.inner())
    .bind(again.inner())
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(ImageId).collect())
}

/// Their objects are deleted.
pub async fn forget(db: &mut Db, ids: &[ImageId]) -> sqlx::Result<()> {
    sqlx::query("delete from stray_image where id = any($1) and doomed")
        .bind(uuids(ids))
        .execute(db)
        .await
        .map(drop)
}

fn uuids(ids: &[ImageId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}
