//! `req.identity.forgot_password`, `req.identity.reset_password` and `req.identity.change_password`

use super::email::bad_token;
use crate::{
    desk::{Desk, News, owner},
    domain::{
        guess,
        letter::{self, Notice, RESET_FOR},
        password,
    },
    secrets, store,
    store::{
        sessions::{Which, Why},
        tokens::Purpose,
    },
};
use chassis::{Db, Fault};
use contracts::{ChangePassword, CustomerId, ForgotPassword, Refusal, ResetPassword, Revoked, SessionId};

/// Notes that somebody forgot a password. Whether there is such an account is looked up afterwards ([`answer_forgotten`]),
/// so neither the answer nor its time tells.
pub async fn forgot_password(desk: Desk, asked: ForgotPassword) -> Result<(), Fault> {
    let place = desk.identity.keyed.place(asked.from);
    desk.count(&[(&format!("forgot {place}"), guess::ADDRESS)]).await?;
    if desk.may_mail(&asked.email).await? {
        store::tokens::insert_forgotten(desk.db(), &asked.email, desk.now).await?;
        desk.identity.forgotten.notify_one();
    }
    Ok(())
}

/// Mails a token to each owner of an account who forgot the password; whether there may be more to do.
pub async fn answer_forgotten(desk: &Desk) -> Result<bool, Fault> {
    /// The most at once.
    const BATCH: i64 = 20;
    let mut tx = desk.db().begin().await?;
    let forgotten = store::tokens::take_forgotten(&mut tx, BATCH).await?;
    let full = i64::try_from(forgotten.len()).is_ok_and(|taken| taken == BATCH);
    let mut owners = vec![];
    for email in forgotten {
        owners.extend(store::accounts::id_of(&mut tx, &email).await?);
    }
    // Locked in the order of their keys, each once.
    owners.sort_unstable();
    owners.dedup();
    for id in owners {
        let Some(account) = store::accounts::lock(&mut tx, id).await? else { continue };
        let token = secrets::token(secrets::MAILED);
        let expires_at = desk.now.plus(RESET_FOR);
        store::tokens::insert_mailed(&mut tx, &secrets::hash(&token), id, &Purpose::Reset, expires_at)
            .await?;
        desk.mail(&mut tx, &account.email, letter::reset(desk.shop(), token.expose())).await?;
    }
    tx.commit().await?;
    desk.identity.outbox.notify_one();
    Ok(full)
}

/// Sets a new password with a mail's token. All sessions end: whoever was in is out.
pub async fn reset_password(desk: Desk, asked: ResetPassword) -> Result<(), Fault> {
    let hash = secrets::hash(&asked.token);
    let known = store::tokens::owner_of_mailed(desk.db(), &hash, "reset", desk.now).await?;
    let id = known.ok_or_else(bad_token)?;
    let account = store::accounts::get(desk.db(), id).await?.ok_or_else(bad_token)?;
    password::check(&asked.password, &account.email)?;
    let hashed = desk.identity.hasher.hash(&asked.password).await?;
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, id).await?;
    let taken = store::tokens::take_mailed(&mut tx, &hash, "reset", desk.now).await?;
    taken.ok_or_else(bad_token)?;
    let revoked = set(&desk, &mut tx, account.id, &hashed, None).await?;
    desk.notify(&mut tx, &account.email, Notice::Password).await?;
    store::history::write(&mut tx, account.id, owner(&account), "password reset by mail", desk.now).await?;
    tx.commit().await?;
    desk.tell(News { revoked, ..News::default() }).await;
    Ok(())
}

/// Sets a new password with the old one. All other sessions end.
pub async fn change_password(desk: Desk, asked: ChangePassword) -> Result<(), Fault> {
    let proved = desk.proved(asked.user_id, &asked.current).await.map_err(at_current)?;
    password::check(&asked.password, &proved.email)?;
    let hashed = desk.identity.hasher.hash(&asked.password).await?;
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, asked.user_id).await?;
    if account.password != proved.password {
        let why = "the password was changed meanwhile".to_owned();
        return Err(Refusal::Conflict { field: "current".to_owned(), why }.into());
    }
    let revoked = set(&desk, &mut tx, account.id, &hashed, asked.session_id).await?;
    desk.notify(&mut tx, &account.email, Notice::Password).await?;
    store::history::write(&mut tx, account.id, owner(&account), "password changed", desk.now).await?;
    tx.commit().await?;
    desk.tell(News { revoked, ..News::default() }).await;
    Ok(())
}

/// The wrong password is the one that is called `current` here.
fn at_current(fault: Fault) -> Fault {
    match fault {
        Fault::Refused(Refusal::Invalid { why, .. }) => {
            Refusal::Invalid { field: "current".to_owned(), why }.into()
        }
        other @ (Fault::Refused(_)
        | Fault::Database(_)
        | Fault::Publish(_)
        | Fault::Broken(_)
        | Fault::TooSlow) => other,
    }
}

/// Sets the password of an account that is locked; links to set another are void, sessions end.
async fn set(
    desk: &Desk,
    db: &mut Db,
    id: CustomerId,
    hashed: &str,
    but: Option<SessionId>,
) -> Result<Vec<Revoked>, Fault> {
    store::accounts::set_password(db, id, hashed).await?;
    store::tokens::drop_mailed(db, id).await?;
    let which = but.map_or(Which::All, Which::AllBut);
    Ok(store::sessions::end(db, id, which, Why::Password, desk.now).await?)
}
