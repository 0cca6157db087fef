//! Pictures of listings: sent, drawn anew, arranged, shown, deleted.

mod drawn;
mod s3;

use super::world::{World, eventually};
use crate::gateway::told;
use contracts::Role;
use drawn::{camera, cut_out, jpeg, png, webp};
use gateway::Settings;
use image::GenericImageView;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::Connection;
use std::{fs, path::PathBuf};
use uuid::Uuid;

const IMAGES: &str = "/v1/listings/starling-mug/images";

async fn send(world: &World, file: Vec<u8>) -> (u16, Value) {
    told(world.gateway.admin(Method::POST, IMAGES).body(file).send().await.unwrap()).await
}

/// Sends one that is taken; its id.
async fn sent(world: &World, file: Vec<u8>) -> String {
    let (status, told) = send(world, file).await;
    assert_eq!(status, 201, "{told}");
    told["image"]["id"].as_str().unwrap().to_owned()
}

async fn look(world: &World, path: &str) -> Response {
    world.gateway.request(Method::GET, path).send().await.unwrap()
}

async fn shown(world: &World) -> Vec<Value> {
    let listing = world.get("/v1/listings/starling-mug", "").await.1;
    listing["images"].as_array().cloned().unwrap_or_default()
}

async fn ids(world: &World) -> Vec<String> {
    shown(world).await.iter().map(|image| image["id"].as_str().unwrap().to_owned()).collect()
}

fn folder(world: &World) -> PathBuf {
    world.gateway.scratch.path().join("images")
}

#[tokio::test]
async fn a_picture_is_shown_in_all_its_sizes_upright_and_without_what_the_camera_wrote() {
    let world = World::with_mugs().await;
    let file = camera(1_600, 800);
    assert!(file.windows(11).any(|part| part == b"Ann's house"), "the test's own picture");
    let path = format!("{IMAGES}?alt=A%20mug%2C%20from%20the%20left");
    let request = world.gateway.admin(Method::POST, &path).header("content-type", "text/html").body(file);
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["etag"]), (201, &"\"2\"".parse().unwrap()));
    let (_, added) = told(response).await;
    let image = &added["image"];
    assert_eq!((&image["width"], &image["height"]), (&json!(800), &json!(1_600)), "it was lying on its side");
    assert_eq!(image["alt"], "A mug, from the left");
    assert_eq!(shown(&world).await, std::slice::from_ref(image));
    let found = world.get("/v1/search?q=starling", "").await.1;
    assert_eq!(found["listings"][0]["image"]["url"], image["variants"][0]["url"], "{found}");

    for (variant, (width, height)) in
        image["variants"].as_array().unwrap().iter().zip([(80, 160), (240, 480), (600, 1_200)])
    {
        let url = variant["url"].as_str().unwrap();
        let response = look(&world, url).await;
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "image/jpeg");
        assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
        let tag = header("etag");
        let bytes = response.bytes().await.unwrap();
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!(picture.dimensions(), (width, height));
        assert_eq!((&variant["width"], &variant["height"]), (&json!(width), &json!(height)));
        // What was red at the upper left of what lay on its side is at the upper right of what stands.
        let red = |x, y| picture.get_pixel(x, y).0[0] > 150 && picture.get_pixel(x, y).0[2] < 100;
        assert!(red(width - 3, 2) && !red(2, 2) && !red(width - 3, height - 3), "{url}");
        for part in [&b"Exif"[..], b"Ann's house"] {
            assert!(!bytes.windows(part.len()).any(|bytes| bytes == part), "{url} tells where it was taken");
        }
        let again =
            world.gateway.request(Method::GET, url).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &tag.parse().unwrap()));
    }
    let id = image["id"].as_str().unwrap();
    for none in [format!("/v1/images/{id}/huge"), format!("/v1/images/{}/thumb", Uuid::now_v7())] {
        assert_eq!(look(&world, &none).await.status(), 404, "{none}");
    }
}

#[tokio::test]
async fn pictures_of_all_kinds_are_kept_as_jpeg_or_where_something_shines_through_as_webp() {
    let world = World::with_mugs().await;
    for (file, media, sides) in [
        (png(300, 200), "image/jpeg", (300, 200)),
        (webp(1_300, 100), "image/jpeg", (1_200, 92)),
        (cut_out(2_000, 1_000), "image/webp", (1_200, 600)),
    ] {
        let id = sent(&world, file).await;
        let response = look(&world, &format!("/v1/images/{id}/large")).await;
        assert_eq!(response.headers()["content-type"], media);
        let picture = image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(picture.dimensions(), sides, "never enlarged");
        let corner = picture.get_pixel(0, 0).0[3];
        assert_eq!(corner, if media == "image/webp" { 0 } else { 255 });
    }
}

#[tokio::test]
async fn what_is_no_whole_picture_of_a_bearable_size_is_refused() {
    let world = World::with_mugs().await;
    let half = |mut file: Vec<u8>| {
        file.truncate(file.len() / 2);
        file
    };
    let html = b"<html><script>alert(1)</script></html>";
    let behind = |magic: &[u8]| [magic, html].concat();
    for (what, file, status, says) in [
        ("nothing", vec![], 415, "JPEG"),
        ("a page", html.to_vec(), 415, "JPEG"),
        ("a drawing", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), 415, "JPEG"),
        ("a GIF", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 415, "JPEG"),
        ("a page that begins as a JPEG", behind(b"\xff\xd8\xff\xe0"), 400, "cannot be read"),
        ("a page that begins as a PNG", behind(b"\x89PNG\r\n\x1a\n"), 400, "cannot be read"),
        ("a page that begins as a WebP", behind(b"RIFF\x40\0\0\0WEBPVP8 "), 400, "cannot be read"),
        ("half a JPEG", half(jpeg(400, 300)), 400, "to its end"),
        ("half a PNG", half(png(400, 300)), 400, "to its end"),
        ("half a WebP", half(webp(400, 300)), 400, "to its end"),
        ("a bomb", drawn::bomb(60_000, 60_000), 400, "million pixels"),
        ("a JPEG that says so", drawn::jpeg_that_says(60_000, 60_000), 400, "million pixels"),
        ("too much", vec![0xff; (10 << 20) + 1], 413, "at most"),
    ] {
        let (answered, problem) = send(&world, file).await;
        assert_eq!((answered, problem["field"].as_str()), (status, Some("body")), "{what}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{what}: {problem}");
    }
    let (status, problem) = told(
        world.gateway.admin(Method::POST, &format!("{IMAGES}?alt=")).body(jpeg(9, 9)).send().await.unwrap(),
    )
    .await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("alt")), "{problem}");
    let nowhere = world.gateway.admin(Method::POST, "/v1/listings/no-such-thing/images").body(jpeg(9, 9));
    assert_eq!(nowhere.send().await.unwrap().status(), 404);
    assert_eq!(shown(&world).await, Vec::<Value>::new());
    assert!(!folder(&world).exists(), "nothing was stored");
}

#[tokio::test]
async fn the_same_picture_sent_again_is_the_one_that_is_there() {
    let world = World::with_mugs().await;
    let id = sent(&world, jpeg(200, 100)).await;
    let (status, again) = send(&world, jpeg(200, 100)).await;
    assert_eq!((status, again["image"]["id"].as_str(), &again["version"]), (200, Some(&*id), &json!(2)));
    // At the same time, from several hands: one picture.
    let (a, b, c) = tokio::join!(
        send(&world, jpeg(100, 200)),
        send(&world, jpeg(100, 200)),
        send(&world, jpeg(100, 200))
    );
    assert!([a.0, b.0, c.0].iter().all(|status| matches!(status, 200 | 201)), "{a:?} {b:?} {c:?}");
    assert!(a.1["image"]["id"] == b.1["image"]["id"] && b.1["image"]["id"] == c.1["image"]["id"]);
    assert_eq!(ids(&world).await.len(), 2);
}

#[tokio::test]
async fn pictures_are_arranged_and_taken_away_and_then_deleted() {
    let world = World::with_mugs_and(Settings { images_tidy_ms: 50, ..Settings::default() }).await;
    let mut sent_ids = vec![];
    for width in [10, 20, 30] {
        sent_ids.push(sent(&world, png(width, 10)).await);
    }
    let [a, b, c] = <[String; 3]>::try_from(sent_ids).unwrap();
    assert_eq!(ids(&world).await, [a.clone(), b.clone(), c.clone()]);
    let put = async |tag: Option<&str>, images: Value| {
        let request = world.gateway.admin(Method::PUT, IMAGES).json(&json!({ "images": images }));
        let request = if let Some(tag) = tag { request.header("if-match", tag) } else { request };
        told(request.send().await.unwrap()).await
    };
    let wanted = json!([{ "id": c, "alt": "The best one" }, { "id": a }]);
    assert_eq!(put(None, wanted.clone()).await.0, 428);
    assert_eq!(put(Some("\"3\""), wanted.clone()).await.0, 412);
    let (status, problem) = put(Some("\"4-00\""), json!([{ "id": Uuid::now_v7() }])).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("images[0].id")), "{problem}");
    // The listing's own tag is one to build on.
    let tag = look(&world, "/v1/listings/starling-mug").await.headers()["etag"].to_str().unwrap().to_owned();
    let (status, arranged) = put(Some(&tag), wanted).await;
    assert_eq!((status, arranged["images"][0]["alt"].as_str()), (200, Some("The best one")), "{arranged}");
    eventually("it is shown so", async || ids(&world).await == [c.clone(), a.clone()]).await;
    let gone = async |id: &str| look(&world, &format!("/v1/images/{id}/large")).await.status() == 404;
    eventually("the one that was left out is deleted", async || gone(&b).await).await;

    let path = format!("{IMAGES}/{c}");
    let deleted = world.gateway.admin(Method::DELETE, &path).send().await.unwrap();
    assert_eq!((deleted.status().as_u16(), &deleted.headers()["etag"]), (200, &"\"6\"".parse().unwrap()));
    assert_eq!(world.gateway.admin(Method::DELETE, &path).send().await.unwrap().status(), 404);
    eventually("it is shown no more", async || ids(&world).await == [a.clone()]).await;
    eventually("it is found by another", async || {
        let found = world.get("/v1/search?q=starling", "").await.1;
        found["listings"][0]["image"]["url"] == format!("/v1/images/{a}/thumb")
    })
    .await;
    eventually("it is deleted", async || gone(&c).await).await;
    let left = |prefix: &str| {
        fs::read_dir(folder(&world))
            .unwrap()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
    };
    eventually("in all sizes", async || !left(&b) && !left(&c)).await;
    assert!(left(&a) && !gone(&a).await);
}

#[tokio::test]
async fn what_a_crash_left_behind_is_deleted_and_what_is_not_ours_is_neither_deleted_nor_shown() {
    let world = World::with_mugs_and(Settings { images_tidy_ms: 50, ..Settings::default() }).await;
    let kept = sent(&world, jpeg(20, 20)).await;
    let folder = folder(&world);
    let (lost, foreign) = (Uuid::now_v7(), Uuid::now_v7());
    for name in [format!("{lost}-thumb"), format!("{foreign}-thumb"), "notes".to_owned()] {
        fs::write(folder.join(name), "<html>").unwrap();
    }
    let shows = async |id: Uuid| look(&world, &format!("/v1/images/{id}/thumb")).await.status() == 200;
    assert!(!shows(foreign).await, "only pictures are shown");
    // As an upload leaves it that began an hour ago, and was cut off before its picture was added.
    let url = format!("{}/catalog", world.postgres.server.url().rsplit_once('/').unwrap().0);
    let mut db = sqlx::PgConnection::connect(&url).await.unwrap();
    let begun = "insert into stray_image (id, due_at) values ($1, now())";
    sqlx::query(begun).bind(lost).execute(&mut db).await.unwrap();
    eventually("its objects are deleted", async || !folder.join(format!("{lost}-thumb")).exists()).await;
    eventually("it is forgotten", async || {
        let strays = sqlx::query_scalar::<_, i64>("select count(*) from stray_image");
        strays.fetch_one(&mut db).await.unwrap() == 0
    })
    .await;
    assert!(folder.join(format!("{foreign}-thumb")).exists() && folder.join("notes").exists());
    assert_eq!(look(&world, &format!("/v1/images/{kept}/thumb")).await.status(), 200);
}

#[tokio::test]
async fn pictures_of_what_is_not_published_are_told_to_those_who_run_the_shop_alone() {
    let world = World::with_mugs().await;
    let mut hidden = super::world::mug();
    hidden["published"] = json!(false);
    world.write("starling-mug", "\"1\"", &hidden).await;
    let id = sent(&world, jpeg(20, 20)).await;
    assert_eq!(world.get("/v1/listings/starling-mug", "").await.0, 404);
    let draft = world.get("/v1/listings/starling-mug/draft", &world.admin).await.1;
    assert_eq!(draft["images"][0]["id"], id);
    // Whoever knows an id may look: it cannot be guessed.
    assert_eq!(look(&world, &format!("/v1/images/{id}/thumb")).await.status(), 200);
    let customer = world.gateway.token(Role::Customer);
    let request = world.gateway.request(Method::POST, IMAGES).bearer_auth(customer).body(jpeg(9, 9));
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_listing_has_room_for_so_many_and_no_more() {
    let world = World::with_mugs().await;
    for width in 1..=20 {
        sent(&world, png(width, 1)).await;
    }
    let (status, problem) = send(&world, png(21, 1)).await;
    assert_eq!((status, problem["field"].as_str()), (409, Some("image")), "{problem}");
    assert_eq!(ids(&world).await.len(), 20);
}
