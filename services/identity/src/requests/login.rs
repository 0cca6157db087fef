//! `req.identity.login`

use super::second_factor::is_code;
use crate::{
    desk::{Desk, News},
    domain::{account::Account, guess},
    hasher::Fits,
    secrets, signer, store,
    store::sessions::{Which, Why},
};
use chassis::{Db, Fault};
use contracts::{Login, Refusal, Revoked, SessionId, SignedIn, Text, UserStatus};
use uuid::Uuid;

/// The most sessions of an account; the oldest make room for new ones.
pub const MAX_SESSIONS: i64 = 20;

/// Begins a session. Whether there is such an account tells neither the answer nor its time; that a second factor is
/// needed, or that the account is suspended, learns only who knows the password.
pub async fn login(desk: Desk, asked: Login) -> Result<SignedIn, Fault> {
    let place = desk.identity.keyed.place(asked.from);
    let account = store::accounts::by_email(desk.db(), &asked.email).await?;
    let id = account.as_ref().map(|account| account.id);
    // The same question for an account that there is not.
    let unknown = contracts::CustomerId(Uuid::nil());
    let familiar = store::guesses::is_familiar(desk.db(), id.unwrap_or(unknown), &place, desk.now).await?;
    let email = asked.email.as_str();
    let (pair, all, address) =
        (format!("pair {email} {place}"), format!("account {email}"), format!("address {place}"));
    let mut tries = vec![(pair.as_str(), guess::PAIR), (address.as_str(), guess::ADDRESS)];
    if !familiar {
        tries.push((all.as_str(), guess::ACCOUNT));
    }
    desk.count(&tries).await?;

    let stored = account.as_ref().map(|account| account.password.as_str());
    let fits = desk.identity.hasher.fits(&asked.password, stored).await?;
    let Some(account) = account.filter(|_| fits != Fits::No) else { return Err(wrong().into()) };
    if account.status == UserStatus::Suspended {
        return Err(suspended().into());
    }
    let better =
        if fits == Fits::YesOldHash { Some(desk.identity.hasher.hash(&asked.password).await?) } else { None };

    let pen = desk.identity.signer.pen(desk.db(), &desk.identity.keyed).await?;
    let mut tx = desk.db().begin().await?;
    let locked = desk.lock(&mut tx, account.id).await.map_err(|_| wrong())?;
    // It may have been changed while the password was hashed.
    if locked.password != account.password || locked.status != account.status {
        return Err(wrong().into());
    }
    if locked.totp_on {
        let Some(code) = &asked.code else { return Err(code_needed().into()) };
        if !is_code(&mut tx, &desk, &locked, code).await? {
            return Err(wrong().into());
        }
    }
    if let Some(better) = better {
        store::accounts::upgrade_password(&mut tx, locked.id, &locked.password, &better).await?;
    }
    let (signed_in, revoked) = begin(&desk, &mut tx, &pen, &locked, asked.device.as_ref(), &place).await?;
    let keys = [pair, all].map(|what| desk.identity.keyed.guess(&what));
    store::guesses::forget(&mut tx, &keys).await?;
    tx.commit().await?;
    desk.tell(News { revoked, ..News::default() }).await;
    Ok(signed_in)
}

/// Begins a session of an account that is locked; what had to make room for it. From this place its owner may come in again
/// without being taken for a stranger.
pub async fn begin(
    desk: &Desk,
    tx: &mut Db,
    pen: &signer::Pen,
    account: &Account,
    device: Option<&Text<200>>,
    place: &str,
) -> Result<(SignedIn, Vec<Revoked>), Fault> {
    let session = SessionId(Uuid::now_v7());
    let expires_at = desk.now.plus(desk.identity.settings.refresh_token());
    store::sessions::insert(tx, session, account.id, device, desk.now, expires_at).await?;
    let refresh = secrets::token(secrets::REFRESH);
    store::sessions::rotate(tx, session, None, &secrets::hash(&refresh), desk.now, expires_at).await?;
    let crowd = Which::Oldest(MAX_SESSIONS);
    let revoked = store::sessions::end(tx, account.id, crowd, Why::Crowd, desk.now).await?;
    store::guesses::is_familiar_now(tx, account.id, place, desk.now).await?;
    Ok((signed_in(desk, pen, account, session, refresh)?, revoked))
}

/// The tokens of a session.
pub fn signed_in(
    desk: &Desk,
    pen: &signer::Pen,
    account: &Account,
    session: SessionId,
    refresh_token: contracts::Hidden,
) -> Result<SignedIn, Fault> {
    let exp = desk.now.plus(desk.identity.settings.access_token());
    let token = pen.sign(&signer::claims(account.id.0, account.role, session, exp))?;
    Ok(SignedIn {
        access_token: token
            .try_into()
            .map_err(|_| Fault::Broken("an access token is too long".to_owned()))?,
        expires_in: desk.identity.settings.access_token_s,
        refresh_token,
        session_id: session,
        user_id: account.id,
    })
}

/// Only who has proved to be its owner learns it.
pub fn suspended() -> Refusal {
    Refusal::Forbidden { why: "the account is suspended".to_owned() }
}

/// The one answer to a wrong address, password or code.
fn wrong() -> Refusal {
    Refusal::Unauthenticated { why: "the e-mail address, the password or the code is wrong".to_owned() }
}

fn code_needed() -> Refusal {
    let why = "is required: the account has a second factor".to_owned();
    Refusal::Invalid { field: "code".to_owned(), why }
}
