//! The tree of categories.

use super::parsed;
use crate::domain::check_parent;
use chassis::{Db, Fault};
use contracts::{CategoryNode, CategoryView, Refusal, Slug};
use sqlx::{PgPool, postgres::PgRow, prelude::*};

/// Changes of the tree come one after the other, or two together could close a ring.
const ALONE: i64 = 0x7374_6172_6c63_6174;

/// All of them, by slug.
pub async fn all(db: &mut Db) -> sqlx::Result<Vec<CategoryView>> {
    let rows = sqlx::query("select slug, name, parent from category order by slug").fetch_all(db).await?;
    rows.iter().map(view).collect()
}

fn view(row: &PgRow) -> sqlx::Result<CategoryView> {
    let parent: Option<String> = row.try_get("parent")?;
    let node = CategoryNode {
        name: parsed(row.try_get::<String, _>("name")?)?,
        parent: parent.map(parsed).transpose()?,
    };
    Ok(CategoryView { slug: parsed(row.try_get::<String, _>("slug")?)?, node })
}

/// From the top of the tree down to this one.
pub async fn down_to(db: &mut Db, slug: Option<&Slug>) -> sqlx::Result<Vec<CategoryView>> {
    let Some(slug) = slug else { return Ok(vec![]) };
    let rows = sqlx::query(
        "with recursive up as (
           select slug, name, parent, 1 as depth from category where slug = $1
           union all
           select c.slug, c.name, c.parent, up.depth + 1 from category c join up on c.slug = up.parent
           where up.depth < 20)
         select slug, name, parent from up order by depth desc",
    )
    .bind(slug.as_str())
    .fetch_all(db)
    .await?;
    rows.iter().map(view).collect()
}

/// This one and all that are parts of it, however far down.
pub async fn below(db: &mut Db, slug: &Slug) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "with recursive down as (
           select slug from category where slug = $1
           union
           select c.slug from category c join down on c.parent = down.slug)
         select slug from down",
    )
    .bind(slug.as_str())
    .fetch_all(db)
    .await
}

/// Creates or changes one.
pub async fn put(db: &PgPool, slug: &Slug, node: &CategoryNode) -> Result<(), Fault> {
    let mut tx = db.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(ALONE).execute(&mut *tx).await?;
    check_parent(&all(&mut tx).await?, slug, node.parent.as_ref())?;
    sqlx::query(
        "insert into category (slug, name, parent) values ($1, $2, $3)
         on conflict (slug) do update set name = excluded.name, parent = excluded.parent",
    )
    .bind(slug.as_str())
    .bind(node.name.as_str())
    .bind(node.parent.as_ref().map(Slug::as_str))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// Deletes one that nothing stands in.
pub async fn delete(db: &PgPool, slug: &Slug) -> Result<(), Fault> {
    let deleted = sqlx::query("delete from category where slug = $1").bind(slug.as_str()).execute(db).await;
    match deleted {
        Ok(done) if done.rows_affected() == 0 => {
            Err(Refusal::NotFound { what: "category".to_owned() }.into())
        }
        Ok(_) => Ok(()),
        Err(error) if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) => {
            let why = "listings or other categories stand in it".to_owned();
            Err(Refusal::Conflict { field: "slug".to_owned(), why }.into())
        }
        Err(error) => Err(error.into()),
    }
}
