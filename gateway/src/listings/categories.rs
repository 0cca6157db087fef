//! The tree of categories.

use crate::{app::App, body::Json, problem::Problem};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use contracts::{CategoryNode, CategoryView, DeleteCategory, ListCategories, PutCategory, Slug};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// The tree.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Categories {
    /// By slug, each with what it is a part of.
    categories: Vec<CategoryView>,
}

pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<axum::Json<Categories>, Problem> {
    let categories = app.ask(&ListCategories {}, "category").await?;
    Ok(axum::Json(Categories { categories }))
}

pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
    Json(node): Json<CategoryNode>,
) -> Result<StatusCode, Problem> {
    let slug = Slug::new(slug).map_err(|error| Problem::field("slug", error.to_string()))?;
    app.ask(&PutCategory { slug, node }, "category").await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
) -> Result<StatusCode, Problem> {
    let slug = Slug::new(slug).map_err(|_| Problem::not_found("category"))?;
    app.ask(&DeleteCategory { slug }, "category").await?;
    Ok(StatusCode::NO_CONTENT)
}
