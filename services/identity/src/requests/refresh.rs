//! `req.identity.refresh`

use super::login::signed_in;
use crate::{
    desk::{Desk, News, owner},
    domain::letter::Notice,
    secrets, store,
    store::sessions::{Which, Why},
};
use chassis::Fault;
use contracts::{RefreshTokens, Refusal, SignedIn, UserStatus};

/// Exchanges a refresh token for a new pair.
///
/// A token that comes a second time ends its session, at once and without mercy: a copy of it is in other hands, and
/// which hands are the right ones cannot be told (RFC 9700, 4.14.2). A client whose answer was lost signs in again; a
/// grace of some seconds would be the thief's as well.
pub async fn refresh(desk: Desk, asked: RefreshTokens) -> Result<SignedIn, Fault> {
    let hash = secrets::hash(&asked.refresh_token);
    let lives = desk.identity.settings.refresh_token();
    let pen = desk.identity.signer.pen(desk.db(), &desk.identity.keyed).await?;
    let mut tx = desk.db().begin().await?;
    let known = store::sessions::lock_refresh(&mut tx, &hash).await?;
    let known =
        known.filter(|known| !known.ended && known.created_at.plus(lives) > desk.now).ok_or_else(sign_in)?;
    let account = known.account.ok_or_else(sign_in)?;
    if known.used {
        let revoked =
            store::sessions::end(&mut tx, account, Which::One(known.session), Why::Stolen, desk.now).await?;
        // Not locked: the session is, and whoever locks both begins with the account.
        if let Some(account) = store::accounts::look(&mut tx, account).await? {
            let what = "a refresh token was used twice: its session was ended";
            store::history::write(&mut tx, account.id, owner(&account), what, desk.now).await?;
            desk.notify(&mut tx, &account.email, Notice::Stolen).await?;
        }
        tx.commit().await?;
        desk.tell(News { revoked, ..News::default() }).await;
        tracing::warn!(session_id = %known.session, "a refresh token was used twice, its session is ended");
        return Err(sign_in().into());
    }
    let account = store::accounts::look(&mut tx, account).await?;
    let account = account.filter(|account| account.status == UserStatus::Active).ok_or_else(sign_in)?;
    let fresh = secrets::token(secrets::REFRESH);
    let expires_at = desk.now.plus(lives);
    store::sessions::rotate(
        &mut tx,
        known.session,
        Some(&hash),
        &secrets::hash(&fresh),
        desk.now,
        expires_at,
    )
    .await?;
    let signed_in = signed_in(&desk, &pen, &account, known.session, fresh)?;
    tx.commit().await?;
    Ok(signed_in)
}

fn sign_in() -> Refusal {
    Refusal::Unauthenticated { why: "the refresh token is not good any more: sign in again".to_owned() }
}
