//! `req.identity.get`, `req.identity.set_profile` and `req.identity.set_preferences`

use crate::{
    desk::{Desk, News, no_account},
    domain::account::Account,
    store,
};
use chassis::Fault;
use contracts::{CustomerId, GetUser, Preferences, SetPreferences, SetProfile, UserView};

/// Shows an account.
pub async fn get_user(desk: Desk, asked: GetUser) -> Result<UserView, Fault> {
    let account = store::accounts::get(desk.db(), asked.user_id).await?;
    Ok(account.ok_or_else(no_account)?.view())
}

/// Changes what its owner is called.
pub async fn set_profile(desk: Desk, asked: SetProfile) -> Result<UserView, Fault> {
    Ok(change(&desk, asked.user_id, |account| account.name = asked.name).await?.view())
}

/// Changes how its owner wants to be spoken to.
pub async fn set_preferences(desk: Desk, asked: SetPreferences) -> Result<Preferences, Fault> {
    Ok(change(&desk, asked.user_id, |account| account.preferences = asked.preferences).await?.preferences)
}

/// Changes an account; what changes nothing is not told.
async fn change(desk: &Desk, id: CustomerId, how: impl FnOnce(&mut Account)) -> Result<Account, Fault> {
    let mut tx = desk.db().begin().await?;
    let mut account = desk.lock(&mut tx, id).await?;
    let before = account.view();
    how(&mut account);
    if account.view() == before {
        return Ok(account);
    }
    let changed = store::accounts::update(&mut tx, &mut account, desk.announce_at()).await?;
    tx.commit().await?;
    desk.tell(News { changed: vec![changed], ..News::default() }).await;
    Ok(account)
}
