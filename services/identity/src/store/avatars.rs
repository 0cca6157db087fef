//! Pictures.

use chassis::Db;
use contracts::CustomerId;
use sqlx::{PgPool, prelude::*};

/// Media type and content.
pub async fn get(db: &PgPool, account: CustomerId) -> sqlx::Result<Option<(String, Vec<u8>)>> {
    let sql = "select media_type, picture from avatar where account_id = $1";
    let row = sqlx::query(sql).bind(account.0).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get("media_type")?, row.try_get("picture")?))).transpose()
}

/// Sets it, or takes it away. The account is locked.
pub async fn set(db: &mut Db, account: CustomerId, picture: Option<(&str, &[u8])>) -> sqlx::Result<()> {
    sqlx::query("delete from avatar where account_id = $1").bind(account.0).execute(&mut *db).await?;
    if let Some((media_type, bytes)) = picture {
        sqlx::query("insert into avatar (account_id, media_type, picture) values ($1, $2, $3)")
            .bind(account.0)
            .bind(media_type)
            .bind(bytes)
            .execute(db)
            .await?;
    }
    Ok(())
}
