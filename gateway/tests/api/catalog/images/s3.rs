//! Pictures in a store that speaks S3: a real one.

use super::{IMAGES, drawn::jpeg, ids, look, send, sent};
use crate::catalog::world::{World, eventually};
use chassis::Secret;
use gateway::Settings;
use reqwest::Method;
use std::path::Path;
use tools::{Server, s3, scratch::Scratch};

async fn store() -> (Scratch, Server) {
    let start = || {
        let scratch = Scratch::new("s3").unwrap();
        let server = s3::start(scratch.path()).unwrap();
        (scratch, server)
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

fn settings(store: &Server) -> Settings {
    let (access, secret) = s3::KEYS;
    Settings {
        images_url: format!("s3://{}/shop/mugs", s3::BUCKET),
        images_tidy_ms: 50,
        aws_endpoint_url: Some(store.url().to_owned()),
        aws_access_key_id: Some(access.to_owned()),
        aws_secret_access_key: Some(Secret::from(secret.to_owned())),
        ..Settings::default()
    }
}

fn objects(scratch: &Scratch) -> usize {
    let count = |folder: &Path| std::fs::read_dir(folder).map_or(0, |entries| entries.flatten().count());
    count(&scratch.path().join("objects").join(s3::BUCKET).join("shop/mugs"))
}

#[tokio::test]
async fn pictures_are_kept_shown_and_deleted_in_a_store_that_speaks_s3() {
    let (scratch, store) = store().await;
    let world = World::with_mugs_and(settings(&store)).await;
    let id = sent(&world, jpeg(600, 300)).await;
    assert_eq!(objects(&scratch), 3, "below the prefix, a size each");
    let path = format!("/v1/images/{id}/small");
    let response = look(&world, &path).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    let picture = image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (480, 240));

    let deleted = world.gateway.admin(Method::DELETE, &format!("{IMAGES}/{id}")).send().await.unwrap();
    assert_eq!(deleted.status(), 200);
    eventually("all sizes are deleted", async || objects(&scratch) == 0).await;
    assert_eq!(look(&world, &path).await.status(), 404);
}

#[tokio::test]
async fn without_the_store_nothing_is_shown_and_no_picture_is_written_down() {
    let (_scratch, store) = store().await;
    let world = World::with_mugs_and(settings(&store)).await;
    let id = sent(&world, jpeg(60, 30)).await;
    store.kill().unwrap();
    let (status, problem) = send(&world, jpeg(30, 60)).await;
    assert_eq!((status, problem["type"].as_str()), (503, Some("/problems/unavailable")), "{problem}");
    let path = format!("/v1/images/{id}/thumb");
    assert_eq!(look(&world, &path).await.status(), 503);
    assert_eq!(ids(&world).await, std::slice::from_ref(&id), "listings are shown all the same");

    store.start_again().unwrap();
    eventually("it is shown again", async || look(&world, &path).await.status() == 200).await;
    let other = sent(&world, jpeg(30, 60)).await;
    eventually("both are shown", async || ids(&world).await == [id.clone(), other.clone()]).await;
}
