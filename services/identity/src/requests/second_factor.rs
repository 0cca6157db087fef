//! `req.identity.enrol_totp`, `req.identity.confirm_totp` and `req.identity.drop_totp`

use crate::{
    desk::{Desk, News, owner},
    domain::{account::Account, guess, letter::Notice, totp},
    secrets, store,
};
use chassis::{Db, Fault};
use contracts::{ConfirmTotp, DropTotp, EnrolTotp, Hidden, RecoveryCodes, Refusal, TotpSecret};

/// Makes a secret for an authenticator app. One that was made before and never confirmed is void.
pub async fn enrol_totp(desk: Desk, asked: EnrolTotp) -> Result<TotpSecret, Fault> {
    desk.proved(asked.user_id, &asked.password).await?;
    let salt = secrets::salt();
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, asked.user_id).await?;
    if account.totp_on {
        let why = "there is a second factor; take it away first".to_owned();
        return Err(Refusal::Conflict { field: "totp".to_owned(), why }.into());
    }
    store::second_factor::set_salt(&mut tx, account.id, Some(&salt)).await?;
    tx.commit().await?;
    let secret = desk.identity.keyed.totp(&salt);
    let hidden =
        |text: String| Hidden::try_from(text).map_err(|_| Fault::Broken("a secret is too long".to_owned()));
    Ok(TotpSecret {
        secret: hidden(totp::base32(&secret))?,
        uri: hidden(totp::uri(&secret, account.email.as_str()))?,
    })
}

/// Turns it on, and gives codes for when the app is lost.
pub async fn confirm_totp(desk: Desk, asked: ConfirmTotp) -> Result<RecoveryCodes, Fault> {
    let key = format!("totp {}", asked.user_id);
    desk.count(&[(&key, guess::PAIR)]).await?;
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, asked.user_id).await?;
    let conflict = |why: &str| Refusal::Conflict { field: "totp".to_owned(), why: why.to_owned() };
    if account.totp_on {
        return Err(conflict("it is on already").into());
    }
    let salt = account.totp_salt.as_ref().ok_or_else(|| conflict("ask for a secret first"))?;
    let step = step(&desk, salt, &asked.code, 0).ok_or_else(wrong)?;
    let codes = secrets::recovery_codes();
    let hashes = codes.iter().map(|code| desk.identity.keyed.recovery(account.id.0, code.expose())).collect();
    store::second_factor::turn_on(&mut tx, account.id, step, hashes).await?;
    store::guesses::forget(&mut tx, &[desk.identity.keyed.guess(&key)]).await?;
    desk.notify(&mut tx, &account.email, Notice::TotpOn).await?;
    store::history::write(&mut tx, account.id, owner(&account), "second factor on", desk.now).await?;
    tx.commit().await?;
    desk.tell(News::default()).await;
    Ok(RecoveryCodes { recovery_codes: codes })
}

/// Takes it away. Both proofs are needed: neither a found phone nor a found password is enough.
pub async fn drop_totp(desk: Desk, asked: DropTotp) -> Result<(), Fault> {
    desk.proved(asked.user_id, &asked.password).await?;
    let key = format!("totp {}", asked.user_id);
    desk.count(&[(&key, guess::PAIR)]).await?;
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, asked.user_id).await?;
    if !account.totp_on {
        let why = "there is no second factor".to_owned();
        return Err(Refusal::Conflict { field: "totp".to_owned(), why }.into());
    }
    if !is_code(&mut tx, &desk, &account, &asked.code).await? {
        return Err(wrong().into());
    }
    store::second_factor::set_salt(&mut tx, account.id, None).await?;
    store::guesses::forget(&mut tx, &[desk.identity.keyed.guess(&key)]).await?;
    desk.notify(&mut tx, &account.email, Notice::TotpOff).await?;
    store::history::write(&mut tx, account.id, owner(&account), "second factor off", desk.now).await?;
    tx.commit().await?;
    desk.tell(News::default()).await;
    Ok(())
}

/// Whether this is a code of the account's app, or one of its recovery codes; it is used up then. The account is locked.
pub async fn is_code(db: &mut Db, desk: &Desk, account: &Account, code: &Hidden) -> Result<bool, Fault> {
    let step = account.totp_salt.as_ref().and_then(|salt| step(desk, salt, code, account.totp_step));
    if let Some(step) = step {
        store::second_factor::used_step(db, account.id, step).await?;
        return Ok(true);
    }
    let hash = desk.identity.keyed.recovery(account.id.0, code.expose());
    if !store::second_factor::use_recovery(db, account.id, &hash).await? {
        return Ok(false);
    }
    store::history::write(db, account.id, owner(account), "a recovery code was used", desk.now).await?;
    Ok(true)
}

fn step(desk: &Desk, salt: &str, code: &Hidden, newest: i64) -> Option<i64> {
    totp::step_of(&desk.identity.keyed.totp(salt), code.expose().trim(), desk.now.millis() / 1_000, newest)
}

fn wrong() -> Refusal {
    Refusal::Invalid { field: "code".to_owned(), why: "the code is wrong, or was used before".to_owned() }
}
