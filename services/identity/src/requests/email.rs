//! `req.identity.verify_email` and `req.identity.change_email`

use crate::{
    desk::{Desk, News, owner},
    domain::{
        account::Account,
        letter::{self, CHANGE_FOR, Notice},
    },
    secrets, store,
    store::{
        tokens::{Purpose, Registration},
        violates,
    },
};
use chassis::Fault;
use contracts::{ChangeEmail, CustomerId, Preferences, Refusal, Role, UserStatus, VerifyEmail};
use uuid::Uuid;

/// Makes the account that was asked for, or gives an account its new address.
pub async fn verify_email(desk: Desk, asked: VerifyEmail) -> Result<(), Fault> {
    let hash = secrets::hash(&asked.token);
    let mut tx = desk.db().begin().await?;
    if let Some(registration) = store::tokens::take_registration(&mut tx, &hash, desk.now).await? {
        let account = new_account(&desk, registration);
        let made = store::accounts::insert(&mut tx, &account, desk.announce_at()).await;
        // Another token for the same address was faster, from another replica: the account is there.
        made.map_err(|error| taken(error, bad_token()))?;
        store::history::write(&mut tx, account.id, owner(&account), "registered", desk.now).await?;
        tx.commit().await?;
        desk.tell(News { changed: vec![account.news()], ..News::default() }).await;
        return Ok(());
    }
    let known = store::tokens::owner_of_mailed(desk.db(), &hash, "email", desk.now).await?;
    let mut account = desk.lock(&mut tx, known.ok_or_else(bad_token)?).await?;
    let taken_out = store::tokens::take_mailed(&mut tx, &hash, "email", desk.now).await?;
    let Some((_, Some(email))) = taken_out else { return Err(bad_token().into()) };
    desk.notify(&mut tx, &account.email, Notice::EmailChanged).await?;
    account.email = email;
    let updated = store::accounts::update(&mut tx, &mut account, desk.announce_at()).await;
    let why = "there is another account with this address".to_owned();
    let changed =
        updated.map_err(|error| taken(error, Refusal::Conflict { field: "email".to_owned(), why }))?;
    // A link to set a new password went to the old address.
    store::tokens::drop_mailed(&mut tx, account.id).await?;
    store::history::write(&mut tx, account.id, owner(&account), "e-mail address changed", desk.now).await?;
    tx.commit().await?;
    desk.tell(News { changed: vec![changed], ..News::default() }).await;
    Ok(())
}

fn new_account(desk: &Desk, registration: Registration) -> Account {
    let Registration { email, name, password, language } = registration;
    Account {
        id: CustomerId(Uuid::now_v7()),
        email,
        name,
        password,
        role: Role::Customer,
        status: UserStatus::Active,
        preferences: Preferences { language, ..Preferences::default() },
        totp_salt: None,
        totp_on: false,
        totp_step: 0,
        created_at: desk.now,
        version: 1,
    }
}

fn taken(error: sqlx::Error, refusal: Refusal) -> Fault {
    if violates(&error, "account_email_unique") { refusal.into() } else { error.into() }
}

pub fn bad_token() -> Refusal {
    Refusal::Invalid { field: "token".to_owned(), why: "unknown, used before, or too old".to_owned() }
}

/// Mails a token to the new address. It becomes the account's once its owner shows the token.
pub async fn change_email(desk: Desk, asked: ChangeEmail) -> Result<(), Fault> {
    let account = desk.proved(asked.user_id, &asked.password).await?;
    if !desk.may_mail(&asked.email).await? {
        return Ok(());
    }
    let is_known = store::accounts::by_email(desk.db(), &asked.email).await?.is_some();
    let token = secrets::token(secrets::MAILED);
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, account.id).await?;
    let purpose = Purpose::Email(asked.email.clone());
    let expires_at = desk.now.plus(CHANGE_FOR);
    // As with a registration: of a taken address nobody is told the token.
    store::tokens::insert_mailed(&mut tx, &secrets::hash(&token), account.id, &purpose, expires_at).await?;
    let letter =
        if is_known { letter::known(desk.shop()) } else { letter::change(desk.shop(), token.expose()) };
    desk.mail(&mut tx, &asked.email, letter).await?;
    desk.notify(&mut tx, &account.email, Notice::EmailAsked).await?;
    tx.commit().await?;
    desk.identity.outbox.notify_one();
    Ok(())
}
