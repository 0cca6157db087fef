//! Pictures of listings on a real Postgres: which are shown, and which are astray.

use catalog::{
    MIGRATIONS,
    images::{add, arrange, begin, strays, take_away},
    put, search, show,
};
use chassis::{Fault, provision::scratch};
use contracts::{
    AddImage, Basis, BeginImage, DeleteImage, GetListing, ImageBegun, ImageHash, ImageId, Images,
    ListingView, MAX_IMAGES, PutImage, PutImages, PutListing, Refusal, SearchListings, Slug, Text, Timestamp,
};
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000).plus(Duration::from_secs(seconds))
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn content(text: &str) -> ImageHash {
    Text::new(text).expect("a text")
}

/// A shop with these listings.
async fn shop(names: &[&str]) -> PgPool {
    let db = scratch(tools::postgres::shared(), &MIGRATIONS).await.expect("a database");
    let listing = |name: &&str| {
        let variants = json!([{ "sku": name, "prices": [{ "currency": "GBP", "amount": 1 }] }]);
        let listing = serde_json::from_value(json!({ "title": name, "variants": variants })).expect("one");
        PutListing { slug: slug(name), basis: Basis::New, listing }
    };
    let listings: Vec<PutListing> = names.iter().map(listing).collect();
    put(&db, &listings, at(0)).await.expect("written");
    db
}

async fn begun(db: &PgPool, listing: &str, sent: &str, now: Timestamp) -> Result<ImageBegun, Fault> {
    begin(db, &BeginImage { slug: slug(listing), content: content(sent) }, now).await
}

async fn begin_new(db: &PgPool, listing: &str, sent: &str) -> ImageId {
    match begun(db, listing, sent, at(0)).await.expect("begun") {
        ImageBegun::New(id) => id,
        ImageBegun::Known(known) => panic!("known: {known:?}"),
    }
}

fn asked(listing: &str, id: ImageId, sent: &str) -> AddImage {
    let alt = Some(Text::new(format!("a {sent}")).expect("a text"));
    AddImage { id, slug: slug(listing), content: content(sent), alt, width: 4_000, height: 3_000 }
}

/// Uploads a picture, whose objects are thought to be stored.
async fn upload(db: &PgPool, listing: &str, sent: &str) -> ImageId {
    let id = begin_new(db, listing, sent).await;
    assert_eq!(add(db, &asked(listing, id, sent)).await.expect("added").image.id, id);
    id
}

async fn shown(db: &PgPool, listing: &str) -> ListingView {
    show(db, &GetListing { slug: slug(listing), unpublished: true }).await.expect("shown")
}

async fn ids(db: &PgPool, listing: &str) -> Vec<ImageId> {
    shown(db, listing).await.images.into_iter().map(|image| image.id).collect()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, Fault>) -> Refusal {
    match answer {
        Err(Fault::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_picture_is_shown_behind_the_others_in_all_sizes_and_the_listing_counts_up() {
    let db = shop(&["mug"]).await;
    let (red, blue) = (upload(&db, "mug", "red").await, upload(&db, "mug", "blue").await);
    let listing = shown(&db, "mug").await;
    assert_eq!(listing.version, 3);
    assert_eq!(ids(&db, "mug").await, [red, blue]);
    let image = &listing.images[0];
    assert_eq!(
        (image.width, image.height, image.alt.as_ref().map(Text::as_str)),
        (4_000, 3_000, Some("a red"))
    );
    let sizes: Vec<_> = image.variants.iter().map(|one| (one.width, one.height)).collect();
    assert_eq!(sizes, [(160, 120), (480, 360), (1_200, 900)]);
    assert_eq!(image.variants[0].url, format!("/v1/images/{red}/thumb"));

    let found = search(&db, &SearchListings { limit: 1, ..SearchListings::default() }).await.expect("found");
    let first = found.listings[0].image.as_ref().expect("a picture");
    assert_eq!((&first.thumb, &first.alt), (&image.variants[0], &image.alt));
    assert_eq!(strays(&db, at(HOUR)).await.expect("listed"), [], "what is shown is not astray");
}

#[tokio::test]
async fn the_same_content_is_one_picture_of_a_listing_and_another_of_another() {
    let db = shop(&["mug", "pot"]).await;
    let first = upload(&db, "mug", "red").await;
    match begun(&db, "mug", "red", at(0)).await.expect("begun") {
        ImageBegun::Known(known) => assert_eq!((known.image.id, known.version), (first, 2)),
        ImageBegun::New(id) => panic!("a second one: {id}"),
    }
    let other = upload(&db, "pot", "red").await;
    let deleted = DeleteImage { slug: slug("mug"), id: first };
    take_away(&db, &deleted, at(0)).await.expect("taken away");
    assert_eq!(strays(&db, at(0)).await.expect("listed"), [first]);
    assert_eq!(ids(&db, "pot").await, [other], "what two listings show has two lives");
}

#[tokio::test]
async fn of_two_uploads_of_the_same_at_a_time_one_is_shown_and_one_goes_astray() {
    let db = shop(&["mug"]).await;
    let (one, two) = (begin_new(&db, "mug", "red").await, begin_new(&db, "mug", "red").await);
    let (first, second) = (asked("mug", one, "red"), asked("mug", two, "red"));
    let (first, second) = tokio::join!(add(&db, &first), add(&db, &second));
    let (first, second) = (first.expect("added"), second.expect("added"));
    assert_eq!(first, second);
    assert_eq!(ids(&db, "mug").await, [first.image.id]);
    let lost = if first.image.id == one { two } else { one };
    assert_eq!(strays(&db, at(HOUR)).await.expect("listed"), [lost]);
}

#[tokio::test]
async fn what_is_not_added_within_an_hour_is_listed_until_it_is_forgotten_and_never_shown() {
    let db = shop(&["mug"]).await;
    let id = begin_new(&db, "mug", "red").await;
    assert_eq!(strays(&db, at(HOUR - 1)).await.expect("listed"), []);
    assert_eq!(strays(&db, at(HOUR)).await.expect("listed"), [id]);
    assert_eq!(strays(&db, at(HOUR)).await.expect("listed"), [], "one at a time deletes its objects");
    assert_eq!(strays(&db, at(HOUR + MINUTE)).await.expect("listed"), [id], "the other one may have died");
    let late = refused(add(&db, &asked("mug", id, "red")).await);
    assert!(matches!(&late, Refusal::Conflict { field, .. } if field == "image"), "{late:?}");
    assert_eq!(ids(&db, "mug").await, []);
}

#[tokio::test]
async fn pictures_change_places_and_words_and_what_is_left_out_goes_astray() {
    let db = shop(&["mug", "pot"]).await;
    let (a, b, c) =
        (upload(&db, "mug", "a").await, upload(&db, "mug", "b").await, upload(&db, "mug", "c").await);
    let foreign = upload(&db, "pot", "d").await;
    let put = async |version, wanted: &[(ImageId, Option<&str>)]| {
        let image = |(id, alt): &(ImageId, Option<&str>)| PutImage { id: *id, alt: alt.map(words) };
        let images = wanted.iter().map(image).collect();
        arrange(&db, &PutImages { slug: slug("mug"), version, images }, at(0)).await
    };
    assert_eq!(refused(put(3, &[]).await), Refusal::Stale { version: 4 });
    for (wrong, field) in
        [(vec![(c, None), (foreign, None)], "images[1].id"), (vec![(a, None); 2], "images[1].id")]
    {
        let refusal = refused(put(4, &wrong).await);
        assert!(matches!(&refusal, Refusal::Invalid { field: at, .. } if at == field), "{refusal:?}");
    }
    let Images { images, version } = put(4, &[(c, Some("best")), (a, None)]).await.expect("arranged");
    let told: Vec<_> = images.iter().map(|image| (image.id, image.alt.as_ref().map(Text::as_str))).collect();
    assert_eq!((told, version), (vec![(c, Some("best")), (a, None)], 5));
    assert_eq!(ids(&db, "mug").await, [c, a]);
    assert_eq!(strays(&db, at(0)).await.expect("listed"), [b]);
    assert_eq!(
        put(5, &[(c, Some("best")), (a, None)]).await.expect("arranged").version,
        5,
        "nothing changes"
    );
    // A new one comes behind the last.
    let d = upload(&db, "mug", "d").await;
    assert_eq!(ids(&db, "mug").await, [c, a, d]);
}

fn words(text: &str) -> Text<250> {
    Text::new(text).expect("a text")
}

#[tokio::test]
async fn a_listing_has_only_so_many_pictures_and_must_be_there() {
    let db = shop(&["mug"]).await;
    assert!(matches!(refused(begun(&db, "pot", "x", at(0)).await), Refusal::NotFound { .. }));
    let late = begin_new(&db, "mug", "late").await;
    for n in 0..MAX_IMAGES {
        upload(&db, "mug", &n.to_string()).await;
    }
    assert!(matches!(refused(begun(&db, "mug", "x", at(0)).await), Refusal::Conflict { .. }));
    assert!(matches!(refused(add(&db, &asked("mug", late, "late")).await), Refusal::Conflict { .. }));
    assert!(matches!(begun(&db, "mug", "7", at(0)).await, Ok(ImageBegun::Known(_))), "what is there stays");
    let none = DeleteImage { slug: slug("mug"), id: late };
    assert!(matches!(refused(take_away(&db, &none, at(0)).await), Refusal::NotFound { .. }));
}
