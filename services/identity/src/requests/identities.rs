//! `req.identity.identities` and `req.identity.remove_identity`

use crate::{
    desk::{Desk, News, owner},
    domain::{account::NO_PASSWORD, letter::Notice},
    store,
};
use chassis::Fault;
use contracts::{
    IdentityId, IdentityView, LinkedAccount, ListIdentities, MessageId, Refusal, RemoveIdentity,
};

/// Lists the accounts elsewhere with which somebody comes in, the oldest link first.
pub async fn list_identities(desk: Desk, asked: ListIdentities) -> Result<Vec<IdentityView>, Fault> {
    let links = store::oidc::list(&mut *desk.db().acquire().await?, asked.user_id).await?;
    let view = |account: LinkedAccount| IdentityView {
        identity_id: id_of(&account),
        provider: desk.identity.oidc.name_of(&account.issuer).cloned(),
        account,
    };
    Ok(links.into_iter().map(view).collect())
}

/// Takes one away, unless its owner could not come in any more.
pub async fn remove_identity(desk: Desk, asked: RemoveIdentity) -> Result<(), Fault> {
    let none = || Refusal::NotFound { what: "identity".to_owned() };
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, asked.user_id).await?;
    let (gone, others): (Vec<_>, Vec<_>) = store::oidc::list(&mut tx, account.id)
        .await?
        .into_iter()
        .partition(|account| id_of(account) == asked.identity_id);
    let gone = gone.first().ok_or_else(none)?;
    let name = |account: &LinkedAccount| desk.identity.oidc.name_of(&account.issuer);
    if account.password == NO_PASSWORD && !others.iter().any(|other| name(other).is_some()) {
        let why = "it is the only way to sign in: set a password first (forgot-password)".to_owned();
        return Err(Refusal::Conflict { field: "identity".to_owned(), why }.into());
    }
    store::oidc::unlink(&mut tx, gone, account.id).await?;
    desk.notify(&mut tx, &account.email, Notice::Unlinked).await?;
    let provider = name(gone).map_or("a provider that is no more", |name| name.as_str());
    let what = format!("an account at {provider} taken away");
    store::history::write(&mut tx, account.id, owner(&account), &what, desk.now).await?;
    tx.commit().await?;
    desk.tell(News::default()).await;
    Ok(())
}

/// The same for the same account elsewhere, always.
fn id_of(account: &LinkedAccount) -> IdentityId {
    IdentityId(MessageId::named(&["identity", &account.issuer, &account.subject]).0)
}
