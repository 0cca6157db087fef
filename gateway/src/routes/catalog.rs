//! The catalog: products, listings, categories.

use super::{
    Access::{Anyone, RunsTheShop},
    Route, route,
};
use crate::{
    document::Doc,
    export::Export,
    listings::{self, categories, images},
    problem::Kind,
    products,
};
use contracts::{CategoryNode, Found, ImageAdded, Images, Listing, ListingView, ProductPage, ProductView};

pub(super) fn routes() -> Vec<Route> {
    let doc = |summary| Doc::new("catalog", summary);
    vec![
        route("GET /v1/products", Anyone, products::list).doc(
            doc("List products by SKU").query::<products::Page>().reply::<ProductPage>(200, "a page"),
        ),
        route("GET /v1/products/{sku}", Anyone, products::show).doc(
            doc("Show a product")
                .header("If-None-Match", false, "the `ETag` of the version that the caller has")
                .sends("ETag")
                .reply::<ProductView>(200, "the product; its version is the `ETag`")
                .reply_empty(304, "the caller has this version"),
        ),
        // A static path comes before a parameter: a product whose SKU is `export` is only listed.
        route("GET /v1/catalog/export", RunsTheShop, products::export).doc(
            doc("Export all products by SKU, as NDJSON or CSV")
                .query::<Export>()
                .lines("application/x-ndjson,text/csv", "a product a line"),
        ),
        route("POST /v1/products/import", RunsTheShop, products::import).doc(
            doc("Create or change up to 500 products")
                .body::<products::Import>()
                .reply::<products::Imported>(200, "each product's version"),
        ),
        route("GET /v1/search", Anyone, listings::search).doc(
            doc("Find listings; `attr.NAME=VALUE` asks for an attribute")
                .query::<listings::Search>()
                .header("If-None-Match", false, "the `ETag` of the page that the caller has")
                .sends("ETag")
                .reply::<Found>(200, "a page")
                .reply_empty(304, "the caller has this page"),
        ),
        route("GET /v1/listings/{slug}", Anyone, listings::show).doc(
            doc("Show a listing with its variants")
                .header("If-None-Match", false, "the `ETag` of the version that the caller has")
                .sends("ETag")
                .reply::<ListingView>(200, "the listing; its version is the `ETag`")
                .reply_empty(304, "the caller has this version"),
        ),
        route("GET /v1/listings/{slug}/draft", RunsTheShop, listings::show_draft).doc(
            doc("Show a listing, also one that is not published")
                .header("If-None-Match", false, "the `ETag` of the version that the caller has")
                .sends("ETag")
                .reply::<ListingView>(200, "the listing; its version is the `ETag`")
                .reply_empty(304, "the caller has this version"),
        ),
        route("PUT /v1/listings/{slug}", RunsTheShop, listings::put).doc(
            doc("Create or change a listing; a variant that is left out is sold no more")
                .header("If-Match", false, "the `ETag` of the version that the change builds on")
                .header("If-None-Match", false, "`*`: there is none yet")
                .sends("ETag")
                .body::<Listing>()
                .reply::<listings::Written>(200, "it was changed, or was so already")
                .reply::<listings::Written>(201, "it is new")
                .problem(Kind::Conflict)
                .problem(Kind::Stale)
                .problem(Kind::PreconditionRequired),
        ),
        route("POST /v1/listings/import", RunsTheShop, listings::import).doc(
            doc("Create or change listings from a file: NDJSON (a listing a line) or CSV (a variant a line), 32 MiB at most")
                .binary_body("application/x-ndjson")
                .lines("application/x-ndjson", "progress, what was refused and why, the sums at the end"),
        ),
        // As above: a listing called `export` is found, and shown as a draft.
        route("GET /v1/listings/export", RunsTheShop, listings::export).doc(
            doc("Export all listings by slug, as an import takes them: NDJSON or CSV")
                .query::<Export>()
                .lines("application/x-ndjson,text/csv", "a listing a line; of a table, a price of a variant"),
        ),
        route("POST /v1/listings/{slug}/images", RunsTheShop, images::upload).doc(
            doc("Send a picture of a listing: JPEG, PNG or WebP, at most 10 MiB and 40 million pixels")
                .query::<images::Upload>()
                .binary_body("image/*")
                .reply::<ImageAdded>(201, "the listing shows it behind its others; the listing's version is the `ETag`")
                .reply::<ImageAdded>(200, "the listing shows it already")
                .problem(Kind::Conflict),
        ),
        route("PUT /v1/listings/{slug}/images", RunsTheShop, images::put).doc(
            doc("Arrange the pictures of a listing; one that is left out is taken away")
                .header("If-Match", true, "the `ETag` of the listing's version that the change builds on")
                .body::<images::Arranged>()
                .reply::<Images>(200, "the pictures; the listing's version is the `ETag`")
                .problem(Kind::Stale)
                .problem(Kind::PreconditionRequired),
        ),
        route("DELETE /v1/listings/{slug}/images/{image}", RunsTheShop, images::delete).doc(
            doc("Take a picture of a listing away")
                .reply::<Images>(200, "the others; the listing's version is the `ETag`"),
        ),
        route("GET /v1/images/{image}/{size}", Anyone, images::show).doc(
            doc("Show a picture in a size: `thumb`, `small` or `large`")
                .header("If-None-Match", false, "the `ETag` that the caller has")
                .reply_binary("image/jpeg,image/webp", "the picture, which never changes")
                .reply_empty(304, "the caller has it"),
        ),
        route("GET /v1/categories", Anyone, categories::list)
            .doc(doc("List all categories").reply::<categories::Categories>(200, "by slug")),
        route("PUT /v1/categories/{slug}", RunsTheShop, categories::put).doc(
            doc("Create or change a category").body::<CategoryNode>().reply_empty(204, "it is so"),
        ),
        route("DELETE /v1/categories/{slug}", RunsTheShop, categories::delete).doc(
            doc("Delete a category that nothing stands in")
                .reply_empty(204, "it is gone")
                .problem(Kind::Conflict),
        ),
    ]
}
