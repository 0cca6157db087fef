//! The pages of those who help customers and run the shop: an order on one page, and the flock as it flies.
//!
//! A page is a shell that says nothing of anybody, so everyone may have it. What it shows it asks for with the token of
//! who signs in there, by the same routes as every other client.

mod graph;
mod pulse;
mod timeline;
mod watch;

pub(crate) use graph::{Graph, graph};
pub(crate) use pulse::Pulse;
pub(crate) use timeline::{After, timeline};
pub(crate) use watch::events;

use crate::{Settings, app::App, pages::Page};
use anyhow::ensure;
use axum::{extract::State, response::Response};
use chassis::{Tasks, Wiring};
use std::sync::Arc;
use watch::Watch;

const SHELL: &str = include_str!("admin/shell.html");
const STYLE: &str = include_str!("admin/shared.css");
const SCRIPT: &str = include_str!("admin/shared.js");

/// What the pages need.
pub(crate) struct Admin {
    order: Page,
    flock: Page,
    graph: Graph,
    watch: Watch,
}

impl Admin {
    pub fn new(settings: &Settings, flock: &[Wiring], tasks: &Tasks) -> anyhow::Result<Self> {
        let trace_url = trace_url(&settings.gateway_trace_url)?;
        let page = |title: &str, content: &str, script: &str, style: &str| {
            let shell = SHELL.replace("/*title*/", title).replace("/*trace-url*/", &trace_url);
            Page::new(
                &shell.replace("/*content*/", content),
                &[SCRIPT, script].concat(),
                &[STYLE, style].concat(),
            )
        };
        Ok(Self {
            order: page(
                "Order",
                include_str!("admin/order.html"),
                include_str!("admin/order.js"),
                include_str!("admin/order.css"),
            ),
            flock: page(
                "The flock",
                include_str!("admin/flock.html"),
                include_str!("admin/flock.js"),
                include_str!("admin/flock.css"),
            ),
            graph: Graph::of(flock),
            watch: Watch::new(tasks.clone()),
        })
    }
}

/// The template as an attribute's value. The page makes a link of it, so it is an address of the web or none.
fn trace_url(template: &str) -> anyhow::Result<String> {
    let is_web = template.starts_with("https://") || template.starts_with("http://");
    ensure!(
        template.is_empty() || (is_web && template.contains("{trace}")),
        "GATEWAY_TRACE_URL: an http(s) address with {{trace}} in it"
    );
    let escaped = template.replace('&', "&amp;").replace('"', "&quot;");
    Ok(escaped.replace('<', "&lt;").replace('>', "&gt;"))
}

pub(crate) async fn order_page(State(app): State<Arc<App>>) -> Response {
    app.admin.order.answer()
}

pub(crate) async fn flock_page(State(app): State<Arc<App>>) -> Response {
    app.admin.flock.answer()
}

#[cfg(test)]
mod tests {
    use super::trace_url;

    #[test]
    fn a_trace_url_is_of_the_web_and_has_a_place_for_the_id_and_cannot_leave_its_attribute() {
        assert_eq!(trace_url("").unwrap(), "");
        let shown = trace_url(r#"https://grafana.example/explore?l={"q":"{trace}"}&x=<b>"#).unwrap();
        assert_eq!(
            shown,
            "https://grafana.example/explore?l={&quot;q&quot;:&quot;{trace}&quot;}&amp;x=&lt;b&gt;"
        );
        for wrong in ["https://grafana.example", "javascript:alert('{trace}')", "{trace}"] {
            let error = trace_url(wrong).unwrap_err().to_string();
            assert!(error.starts_with("GATEWAY_TRACE_URL"), "{wrong}: {error}");
        }
    }
}
