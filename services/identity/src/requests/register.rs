//! `req.identity.register`

use crate::{
    desk::Desk,
    domain::{
        guess,
        letter::{self, VERIFY_FOR},
        password,
    },
    secrets, store,
    store::tokens::Registration,
};
use chassis::Fault;
use contracts::Register;

/// Keeps what is asked for and mails a token, from which the account comes; or mails who has an account already that
/// there is one.
///
/// Both ways take the same steps, so neither the answer nor its time tells which it was.
pub async fn register(desk: Desk, asked: Register) -> Result<(), Fault> {
    password::check(&asked.password, &asked.email)?;
    let place = desk.identity.keyed.place(asked.from);
    desk.count(&[(&format!("register {place}"), guess::ADDRESS)]).await?;
    let hash = desk.identity.hasher.hash(&asked.password).await?;
    if !desk.may_mail(&asked.email).await? {
        return Ok(());
    }
    let is_known = store::accounts::by_email(desk.db(), &asked.email).await?.is_some();
    let token = secrets::token(secrets::MAILED);
    let letter = if is_known {
        // Its token is told nobody, so nothing comes of the registration.
        letter::known(desk.shop())
    } else {
        letter::verify(desk.shop(), token.expose())
    };
    let registration = Registration {
        email: asked.email.clone(),
        name: asked.name,
        password: hash,
        language: asked.language,
    };
    let mut tx = desk.db().begin().await?;
    let expires_at = desk.now.plus(VERIFY_FOR);
    store::tokens::insert_registration(&mut tx, &secrets::hash(&token), &registration, expires_at).await?;
    desk.mail(&mut tx, &asked.email, letter).await?;
    tx.commit().await?;
    desk.identity.outbox.notify_one();
    Ok(())
}
