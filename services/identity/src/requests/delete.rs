//! `req.identity.delete`

use crate::{
    desk::{Desk, News},
    domain::letter::Notice,
    store,
    store::sessions::{Which, Why},
};
use chassis::Fault;
use contracts::{DeleteUser, Refusal};

/// Deletes an account with all that is personal in it. What is left is its id: in the history, and in what other services
/// keep, which hear `user.deleted`.
pub async fn delete_user(desk: Desk, asked: DeleteUser) -> Result<(), Fault> {
    if asked.by.id == asked.user_id {
        let needed = || Refusal::Invalid { field: "password".to_owned(), why: "is required".to_owned() };
        let password = asked.password.as_ref().ok_or_else(needed)?;
        desk.proved(asked.user_id, password).await?;
    } else if !asked.by.role.runs_the_shop() {
        return Err(Refusal::Forbidden { why: "this is another's account".to_owned() }.into());
    }
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, asked.user_id).await?;
    let revoked = store::sessions::end(&mut tx, account.id, Which::All, Why::Deleted, desk.now).await?;
    store::mails::forget_all(&mut tx, &account.email).await?;
    store::tokens::drop_registrations(&mut tx, &account.email).await?;
    desk.notify(&mut tx, &account.email, Notice::Deleted).await?;
    store::history::write(&mut tx, account.id, asked.by, "deleted", desk.now).await?;
    let deleted = store::accounts::delete(&mut tx, &account, desk.now, desk.announce_at()).await?;
    tx.commit().await?;
    desk.tell(News { deleted: vec![deleted], revoked, ..News::default() }).await;
    Ok(())
}
