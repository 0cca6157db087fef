//! What is there for operators, programs and readers.

use super::{Access::Anyone, Route, route, served_elsewhere as health};
use crate::{document::Doc, pages};

pub(super) fn routes() -> Vec<Route> {
    vec![
        health("GET /health/live")
            .doc(Doc::new("operation", "Whether the process answers").reply_json(200, "it does")),
        health("GET /health/ready").doc(
            Doc::new("operation", "Whether all that is needed is there")
                .reply_json(200, "it is")
                .reply_json(503, "what is missing"),
        ),
        route("GET /.well-known/jwks.json", Anyone, pages::jwks).doc(
            Doc::new("operation", "The public keys that tokens are checked with").reply_json(200, "a JWKS"),
        ),
        route("GET /openapi.json", Anyone, pages::openapi)
            .doc(Doc::new("operation", "This document").reply_json(200, "OpenAPI 3.1")),
        route("GET /docs", Anyone, pages::docs)
            .doc(Doc::new("operation", "This document, to read").reply_html("a page")),
        route("GET /problems/{kind}", Anyone, pages::problem)
            .doc(Doc::new("operation", "What a kind of problem means").reply_json(200, "title and status")),
    ]
}
