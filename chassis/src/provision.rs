//! Makes what services must not make themselves: streams, consumers, database users, databases, tables.

use sqlx::{
    AssertSqlSafe, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{borrow::Cow, str::FromStr};
use uuid::Uuid;

/// The chassis's own tables, in each service's database: the journal and the dead letters.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings a database's tables up to date: the chassis's, then the service's own.
///
/// # Errors
/// When a migration fails, or one that was applied before is another now.
pub async fn migrate(db: &PgPool, own: &Migrator) -> anyhow::Result<()> {
    let chassis = Migrator {
        migrations: Cow::Borrowed(&MIGRATIONS.migrations),
        table_name: Cow::Borrowed("chassis_migrations"),
        ..Migrator::with_migrations(vec![])
    };
    chassis.run(db).await?;
    own.run(db).await?;
    Ok(())
}

/// A database of its own for one test, with all tables; for tests of stores. It stays until its server is wiped.
///
/// # Errors
/// When the server is not there or a migration fails.
pub async fn scratch(admin_url: &str, own: &Migrator) -> anyhow::Result<PgPool> {
    let name = format!("scratch_{}", Uuid::new_v4().simple());
    let admin = PgPoolOptions::new().max_connections(1).connect(admin_url).await?;
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&admin).await?;
    let options = PgConnectOptions::from_str(admin_url)?.database(&name);
    let db = PgPoolOptions::new().max_connections(4).connect_with(options).await?;
    migrate(&db, own).await?;
    Ok(db)
}
