//! What is shown to many is remembered, and dropped at once when it is shown otherwise.

use super::world::{World, eventually, mug};
use crate::gateway::told;
use gateway::Settings;
use reqwest::{Method, Response};
use serde_json::json;

const LISTING: &str = "/v1/listings/starling-mug";
const SEARCH: &str = "/v1/search?q=mug";

async fn read(world: &World, base: &str, path: &str) -> Response {
    world.gateway.http.get(format!("{base}{path}")).send().await.unwrap()
}

/// Where another gateway listens.
async fn another(world: &World) -> String {
    let base = format!("http://{}", world.gateway.another(Settings::default()).await);
    world.gateway.until_ready_at(&base).await;
    base
}

#[tokio::test]
async fn what_was_read_once_is_shown_while_the_catalog_is_away_by_every_gateway() {
    let world = World::with_mugs().await;
    let own = world.gateway.base.clone();
    for path in [LISTING, SEARCH] {
        assert_eq!(read(&world, &own, path).await.status(), 200);
    }
    world.catalog.cancel();
    eventually("the catalog is away", async || world.get("/v1/categories", "").await.0 == 503).await;
    // This one has it of Redis.
    let other = another(&world).await;
    for base in [&own, &other] {
        for path in [LISTING, SEARCH] {
            let shown = read(&world, base, path).await;
            assert_eq!(shown.status(), 200, "{path}");
            assert_eq!(shown.headers()["cache-control"], "public, no-cache");
            let tag = shown.headers()["etag"].clone();
            let again = world.gateway.http.get(format!("{base}{path}")).header("if-none-match", &tag);
            let again = again.send().await.unwrap();
            assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &tag));
        }
        assert_eq!(read(&world, base, "/v1/listings/teapot").await.status(), 503, "nobody read it yet");
    }
}

#[tokio::test]
async fn a_change_is_shown_at_once_by_every_gateway() {
    let world = World::with_mugs().await;
    let (own, other) = (world.gateway.base.clone(), another(&world).await);
    let (mut tag, mut dearer) = ("\"1\"".to_owned(), mug());
    for round in 0..5 {
        for base in [&own, &other] {
            read(&world, base, LISTING).await;
            read(&world, base, SEARCH).await;
        }
        let title = format!("Mug number {round}");
        dearer["title"] = json!(title);
        tag = world.write("starling-mug", &tag, &dearer).await;
        for base in [&own, &other] {
            eventually("the listing is shown anew", async || {
                told(read(&world, base, LISTING).await).await.1["title"] == json!(title)
            })
            .await;
            eventually("it is found anew", async || {
                told(read(&world, base, SEARCH).await).await.1["listings"][0]["title"] == json!(title)
            })
            .await;
        }
    }
}

#[tokio::test]
async fn without_redis_it_is_shown_all_the_same() {
    let world = World::with_mugs().await;
    let own = world.gateway.base.clone();
    world.gateway.redis.kill().unwrap();
    for path in [LISTING, SEARCH, LISTING] {
        assert_eq!(read(&world, &own, path).await.status(), 200, "{path}");
    }
    let mut hidden = mug();
    hidden["published"] = json!(false);
    world.write("starling-mug", "\"1\"", &hidden).await;
    eventually("it is shown no more", async || read(&world, &own, LISTING).await.status() == 404).await;
    assert_eq!(world.get("/v1/cart", &world.admin).await.0, 503, "carts are in Redis");
    assert_eq!(world.ask(Method::POST, "/v1/carts", "", &super::world::cart(&[], &[])).await.0, 503);
}
