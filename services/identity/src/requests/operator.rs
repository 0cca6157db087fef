//! `req.identity.make_admin` and `req.identity.mails`: the gateway may not ask these, NATS sees to that.

use super::admin::page;
use crate::{
    desk::{Desk, News, no_account},
    domain::account::role_word,
    store,
    store::sessions::{Which, Why},
};
use chassis::Fault;
use contracts::{Caller, CustomerId, ListMails, MailView, MakeAdmin, MessageId, Refusal, Role, UserView};

/// Makes somebody an admin: there is no other way to the first one.
pub async fn make_admin(desk: Desk, asked: MakeAdmin) -> Result<UserView, Fault> {
    let known = store::accounts::by_email(desk.db(), &asked.email).await?.ok_or_else(no_account)?;
    let mut tx = desk.db().begin().await?;
    let mut account = desk.lock(&mut tx, known.id).await?;
    if account.role == Role::Admin {
        return Ok(account.view());
    }
    let by = Caller { id: CustomerId(MessageId::named(&["starling", "operator"]).0), role: Role::Service };
    let what = format!("role: {} → admin", role_word(account.role));
    account.role = Role::Admin;
    store::history::write(&mut tx, account.id, by, &what, desk.now).await?;
    let revoked = store::sessions::end(&mut tx, account.id, Which::All, Why::Admin, desk.now).await?;
    let changed = store::accounts::update(&mut tx, &mut account, desk.announce_at()).await?;
    tx.commit().await?;
    desk.tell(News { changed: vec![changed], revoked, ..News::default() }).await;
    Ok(account.view())
}

/// Shows the mails that wait, in development. Where mails are sent nobody else may read them: they have tokens.
pub async fn list_mails(desk: Desk, asked: ListMails) -> Result<Vec<MailView>, Fault> {
    if desk.identity.settings.smtp_url.is_some() {
        let why = "mails are sent (SMTP_URL), not shown".to_owned();
        return Err(Refusal::Forbidden { why }.into());
    }
    let limit = i64::from(page(asked.limit)?);
    Ok(store::mails::list(desk.db(), asked.to.as_ref(), desk.now, limit).await?)
}
