//! The second factor of an account, which is locked meanwhile.

use chassis::Db;
use contracts::CustomerId;

/// Begins one that does not count yet, or takes it away.
pub async fn set_salt(db: &mut Db, account: CustomerId, salt: Option<&str>) -> sqlx::Result<()> {
    let sql = "update account set totp_salt = $2, totp_on = false, totp_step = 0 where id = $1";
    sqlx::query(sql).bind(account.0).bind(salt).execute(&mut *db).await?;
    sqlx::query("delete from recovery_code where account_id = $1").bind(account.0).execute(db).await?;
    Ok(())
}

/// From now on it counts.
pub async fn turn_on(db: &mut Db, account: CustomerId, step: i64, recovery: Vec<String>) -> sqlx::Result<()> {
    let sql = "update account set totp_on = true, totp_step = $2 where id = $1";
    sqlx::query(sql).bind(account.0).bind(step).execute(&mut *db).await?;
    let sql = "insert into recovery_code (account_id, code_hash) select $1, unnest($2::text[])";
    sqlx::query(sql).bind(account.0).bind(recovery).execute(db).await?;
    Ok(())
}

/// The code of this step was used.
pub async fn used_step(db: &mut Db, account: CustomerId, step: i64) -> sqlx::Result<()> {
    let sql = "update account set totp_step = $2 where id = $1";
    sqlx::query(sql).bind(account.0).bind(step).execute(db).await?;
    Ok(())
}

/// Uses a recovery code up; false when there is none like it.
pub async fn use_recovery(db: &mut Db, account: CustomerId, hash: &str) -> sqlx::Result<bool> {
    let sql = "delete from recovery_code where account_id = $1 and code_hash = $2";
    let used = sqlx::query(sql).bind(account.0).bind(hash).execute(db).await?;
    Ok(used.rows_affected() == 1)
}
