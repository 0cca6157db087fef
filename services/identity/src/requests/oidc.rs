//! `req.identity.start_oidc`, `req.identity.finish_oidc` and `req.identity.finish_oidc_code`

use super::{
    login::{begin, suspended},
    second_factor::is_code,
};
use crate::{
    desk::{Desk, News, owner},
    domain::{
        account::{Account, NO_PASSWORD},
        guess,
        letter::Notice,
    },
    oidc::{Failed, Known, PATIENCE, Provider},
    secrets, store,
    store::violates,
};
use chassis::Fault;
use contracts::{
    CodeNeeded, CustomerId, Email, FinishOidc, FinishOidcCode, OidcFinished, OidcStarted, Preferences,
    Refusal, Role, SignedIn, StartOidc, Text, UserStatus,
};
use std::{future::Future, time::Duration};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a browser may be away.
const AWAY: Duration = Duration::from_secs(600);
/// How long somebody may look for the second factor.
const CODE: Duration = Duration::from_secs(300);

/// Says where a browser goes, and keeps that it went.
pub async fn start_oidc(desk: Desk, asked: StartOidc) -> Result<OidcStarted, Fault> {
    let (provider, http) = desk.identity.oidc.get(&asked.provider)?;
    let place = desk.identity.keyed.place(asked.from);
    desk.count(&[(&format!("oidc {place}"), guess::ADDRESS)]).await?;
    let (state, browser) = (secrets::token(secrets::STATE), secrets::token(secrets::BROWSER));
    let (nonce, verifier) = derived(&desk, state.expose());
    let page = in_time(provider, provider.page(http, state.expose(), nonce, verifier, desk.now)).await?;
    let url =
        Text::new(page).map_err(|_| Fault::Broken("a provider's page has too long an address".into()))?;
    let (state, kept) = (secrets::hash(&state), secrets::hash(&browser));
    store::oidc::insert_start(desk.db(), &state, &kept, &provider.name, desk.now.plus(AWAY)).await?;
    Ok(OidcStarted { url, browser, expires_in: seconds(AWAY) })
}

/// Lets somebody in by a provider's word: into the account that is linked to theirs, or that has the address which both
/// sides have verified, or into a new one.
pub async fn finish_oidc(desk: Desk, asked: FinishOidc) -> Result<OidcFinished, Fault> {
    let (provider, http) = desk.identity.oidc.get(&asked.provider)?;
    let place = desk.identity.keyed.place(asked.from);
    desk.count(&[(&format!("oidc back {place}"), guess::ADDRESS)]).await?;
    let (state, browser) = (secrets::hash(&asked.state), secrets::hash(&asked.browser));
    if !store::oidc::take_start(desk.db(), &state, &browser, &provider.name, desk.now).await? {
        let why = "unknown, of another browser, used before, or too old: begin again".to_owned();
        return Err(Refusal::Invalid { field: "state".to_owned(), why }.into());
    }
    if asked.issuer.as_ref().is_some_and(|issuer| !provider.is(issuer.as_str())) {
        return Err(refused(provider, "another provider answered").into());
    }
    let code = asked.code.as_ref().ok_or_else(|| refused(provider, "it let nobody in"))?;
    let (nonce, verifier) = derived(&desk, asked.state.expose());
    let known = in_time(provider, provider.learn(http, code.expose(), nonce, verifier, desk.now)).await?;

    let pen = desk.identity.signer.pen(desk.db(), &desk.identity.keyed).await?;
    let mut tx = desk.db().begin().await?;
    let (account, mut news) = account_of(&desk, &mut tx, provider, known).await?;
    if account.status == UserStatus::Suspended {
        return Err(suspended().into());
    }
    let finished = if account.totp_on {
        let ticket = secrets::token(secrets::TICKET);
        let expires_at = desk.now.plus(CODE);
        let hash = secrets::hash(&ticket);
        store::oidc::insert_ticket(&mut tx, &hash, account.id, &provider.name, expires_at).await?;
        OidcFinished::CodeNeeded(CodeNeeded { ticket, expires_in: seconds(CODE) })
    } else {
        let device = Text::new(format!("by {}", provider.name)).ok();
        let (signed_in, revoked) = begin(&desk, &mut tx, &pen, &account, device.as_ref(), &place).await?;
        news.revoked = revoked;
        OidcFinished::SignedIn(signed_in)
    };
    tx.commit().await?;
    desk.tell(news).await;
    Ok(finished)
}

/// Lets in who lacks only the second factor.
pub async fn finish_oidc_code(desk: Desk, asked: FinishOidcCode) -> Result<SignedIn, Fault> {
    let place = desk.identity.keyed.place(asked.from);
    desk.count(&[(&format!("oidc back {place}"), guess::ADDRESS)]).await?;
    let ticket = secrets::hash(&asked.ticket);
    let id = store::oidc::owner_of_ticket(desk.db(), &ticket, desk.now).await?.ok_or_else(bad_ticket)?;
    let key = format!("totp {id}");
    desk.count(&[(&key, guess::PAIR)]).await?;
    let pen = desk.identity.signer.pen(desk.db(), &desk.identity.keyed).await?;
    let mut tx = desk.db().begin().await?;
    let account = desk.lock(&mut tx, id).await.map_err(|_| bad_ticket())?;
    let provider = store::oidc::take_ticket(&mut tx, &ticket, desk.now).await?.ok_or_else(bad_ticket)?;
    if account.status == UserStatus::Suspended {
        return Err(suspended().into());
    }
    // A wrong one rolls back: the ticket is good for the next try, which is counted.
    if account.totp_on && !is_code(&mut tx, &desk, &account, &asked.code).await? {
        return Err(
            Refusal::Unauthenticated { why: "the code is wrong, or was used before".to_owned() }.into()
        );
    }
    store::guesses::forget(&mut tx, &[desk.identity.keyed.guess(&key)]).await?;
    let device = asked.device.or_else(|| Text::new(format!("by {provider}")).ok());
    let (signed_in, revoked) = begin(&desk, &mut tx, &pen, &account, device.as_ref(), &place).await?;
    tx.commit().await?;
    desk.tell(News { revoked, ..News::default() }).await;
    Ok(signed_in)
}

/// The account of somebody whom a provider let in, locked.
async fn account_of(
    desk: &Desk,
    tx: &mut chassis::Db,
    provider: &Provider,
    known: Known,
) -> Result<(Account, News), Fault> {
    if let Some(id) = store::oidc::linked(tx, &known.issuer, &known.subject).await? {
        let account = desk.lock(tx, id).await?;
        // Its owner may just have taken it away.
        if store::oidc::linked(tx, &known.issuer, &known.subject).await? != Some(id) {
            return Err(again().into());
        }
        return Ok((account, News::default()));
    }
    // No account here has an address that nobody verified, so none comes from one; and none is given away for one.
    let why =
        "the provider has not verified your e-mail address: verify it there, or register here".to_owned();
    let email = known.email.clone().ok_or(Refusal::Forbidden { why })?;
    let (account, news) = match store::accounts::id_of(tx, &email).await? {
        Some(id) => {
            let account = desk.lock(tx, id).await?;
            // It may have got another address since.
            if account.email != email {
                return Err(again().into());
            }
            desk.notify(tx, &account.email, Notice::Linked).await?;
            (account, News::default())
        }
        None => {
            let account = new_account(desk, email, known.name);
            let made = store::accounts::insert(tx, &account, desk.announce_at()).await;
            made.map_err(|error| raced(error, "account_email_unique"))?;
            store::tokens::drop_registrations(tx, &account.email).await?;
            let news = News { changed: vec![account.news()], ..News::default() };
            (account, news)
        }
    };
    let linked = store::oidc::link(tx, &known.issuer, &known.subject, account.id, desk.now).await;
    linked.map_err(|error| raced(error, "oidc_link_one_account"))?;
    let what = format!("linked to an account at {}", provider.name);
    store::history::write(tx, account.id, owner(&account), &what, desk.now).await?;
    Ok((account, news))
}

fn new_account(desk: &Desk, email: Email, name: Option<Text<200>>) -> Account {
    Account {
        id: CustomerId(Uuid::now_v7()),
        email,
        name,
        password: NO_PASSWORD.to_owned(),
        role: Role::Customer,
        status: UserStatus::Active,
        preferences: Preferences::default(),
        totp_salt: None,
        totp_on: false,
        totp_step: 0,
        created_at: desk.now,
        version: 1,
    }
}

/// What belongs to a state and is kept nowhere: the nonce, and the verifier of PKCE (RFC 7636: 43 to 128 characters).
fn derived(desk: &Desk, state: &str) -> (String, String) {
    (desk.identity.keyed.nonce(state), desk.identity.keyed.verifier(state))
}

async fn in_time<T>(
    provider: &Provider,
    asked: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Refusal> {
    let answered = timeout(PATIENCE, asked).await.unwrap_or(Err(Failed::Away("it is too slow")));
    answered.map_err(|failed| match failed {
        Failed::Away(why) => {
            tracing::warn!(provider = %provider.name, why, "an OpenID provider cannot be used");
            Refusal::Unavailable
        }
        Failed::Refused(why) => refused(provider, why),
    })
}

/// Why is for the log; the client can only begin again.
fn refused(provider: &Provider, why: &str) -> Refusal {
    tracing::info!(provider = %provider.name, why, "a sign-in with an OpenID provider was refused");
    again()
}

fn again() -> Refusal {
    Refusal::Unauthenticated { why: "the provider did not sign you in: begin again".to_owned() }
}

/// Somebody was faster with the same; they begin again, and find it.
fn raced(error: sqlx::Error, constraint: &str) -> Fault {
    if violates(&error, constraint) { again().into() } else { error.into() }
}

fn bad_ticket() -> Refusal {
    let why = "unknown, used before, or too old: begin again".to_owned();
    Refusal::Invalid { field: "ticket".to_owned(), why }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
