//! What all answers share.

use crate::{
    announce,
    domain::{
        account::Account,
        guess::{self, Pace},
        letter::{self, Letter, Notice},
    },
    hasher::{Fits, Hasher},
    oidc::Providers,
    secrets::Keyed,
    settings::Settings,
    signer::Signer,
    store,
};
use chassis::{Ctx, Db, Fault, Live, clock, settings::Parts};
use contracts::{
    Caller, CustomerId, Email, Hidden, MessageId, Refusal, Revoked, SESSION_REVOKED, SessionsRevoked,
    Timestamp, UserChanged, UserDeleted,
};
use sqlx::PgPool;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What outlives a request.
pub struct Identity {
    pub settings: Settings,
    pub keyed: Keyed,
    pub hasher: Hasher,
    pub signer: Signer,
    pub oidc: Providers,
    /// Rings when a mail was written.
    pub outbox: Notify,
    /// Rings when somebody forgot a password.
    pub forgotten: Notify,
}

impl Identity {
    pub fn new(places: &Parts, settings: Settings, name: &str) -> Self {
        Self {
            keyed: Keyed::new(places.own(name)),
            hasher: Hasher::new(settings.hashes_at_once, settings.hashes_waiting),
            signer: Signer::default(),
            oidc: Providers::new(&settings),
            outbox: Notify::new(),
            forgotten: Notify::new(),
            settings,
        }
    }
}

/// What one request has at hand.
pub struct Desk {
    pub identity: Arc<Identity>,
    pub ctx: Ctx,
    /// When it came.
    pub now: Timestamp,
}

/// What is to be told once a change is committed.
#[derive(Default)]
pub struct News {
    pub changed: Vec<UserChanged>,
    pub deleted: Vec<UserDeleted>,
    pub revoked: Vec<Revoked>,
}

impl Desk {
    pub fn new(identity: Arc<Identity>, ctx: Ctx) -> Self {
        Self { identity, ctx, now: clock::now() }
    }

    pub const fn db(&self) -> &PgPool {
        &self.ctx.db
    }

    /// When a sweep shall tell what is changed now.
    pub fn announce_at(&self) -> Timestamp {
        self.now.plus(announce::GRACE)
    }

    /// Tells what was committed. If it fails now, the sweep tells the events, and gateways ask for what was revoked.
    pub async fn tell(&self, news: News) {
        self.identity.outbox.notify_one();
        if !news.revoked.is_empty() {
            match serde_json::to_vec(&SessionsRevoked { sessions: news.revoked }) {
                Ok(body) => self.ctx.tell_live(Live { subject: SESSION_REVOKED.to_owned(), body }).await,
                Err(error) => tracing::error!(%error, "ended sessions could not be written"),
            }
        }
        if let Err(error) = self.publish(&news.changed, &news.deleted).await {
            tracing::warn!(%error, "a changed account is not told yet, the sweep will");
        }
    }

    async fn publish(&self, changed: &[UserChanged], deleted: &[UserDeleted]) -> Result<(), Fault> {
        if changed.is_empty() && deleted.is_empty() {
            return Ok(());
        }
        let messages =
            announce::messages(changed, deleted).map_err(|error| Fault::Broken(error.to_string()))?;
        let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
        self.ctx.publish(messages).await?;
        let again_at = self.now.plus(announce::TELL_AGAIN);
        store::sweep::announced(&mut *self.db().acquire().await?, &ids, again_at).await?;
        Ok(())
    }

    /// Counts a try that may be a guess, under each of these keys.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when it comes too early.
    pub async fn count(&self, tries: &[(&str, Pace)]) -> Result<(), Fault> {
        let keys: BTreeMap<String, Pace> =
            tries.iter().map(|(what, pace)| (self.identity.keyed.guess(what), *pace)).collect();
        let counted = store::guesses::count(self.db(), &keys, self.now).await?;
        counted.map_err(|wait| too_many(wait).into())
    }

    /// Whether another mail may go to this address: not too many, however often somebody asks.
    pub async fn may_mail(&self, to: &Email) -> Result<bool, Fault> {
        match self.count(&[(&format!("mail {}", to.as_str()), guess::MAILS)]).await {
            Ok(()) => Ok(true),
            Err(Fault::Refused(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Writes a mail.
    pub async fn mail(&self, db: &mut Db, to: &Email, letter: Letter) -> sqlx::Result<()> {
        store::mails::insert(db, to, letter, self.now).await
    }

    /// Writes a mail that tells an owner what happened.
    pub async fn notify(&self, db: &mut Db, to: &Email, what: Notice) -> sqlx::Result<()> {
        self.mail(db, to, letter::notice(self.shop(), what)).await
    }

    /// Where the shop's pages are.
    pub fn shop(&self) -> &str {
        self.identity.settings.shop_url.trim_end_matches('/')
    }

    /// The account, whose owner proves with the password to be there.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when it is another password, [`Refusal::TooMany`] when it is tried too often.
    pub async fn proved(&self, id: CustomerId, password: &Hidden) -> Result<Account, Fault> {
        let key = format!("proof {id}");
        self.count(&[(&key, guess::PAIR)]).await?;
        let account = store::accounts::get(self.db(), id).await?.ok_or_else(no_account)?;
        if self.identity.hasher.fits(password, Some(&account.password)).await? == Fits::No {
            let why = "the password is wrong".to_owned();
            return Err(Refusal::Invalid { field: "password".to_owned(), why }.into());
        }
        let key = self.identity.keyed.guess(&key);
        store::guesses::forget(&mut *self.db().acquire().await?, &[key]).await?;
        Ok(account)
    }

    /// Locks an account.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it is gone.
    pub async fn lock(&self, db: &mut Db, id: CustomerId) -> Result<Account, Fault> {
        store::accounts::lock(db, id).await?.ok_or_else(|| no_account().into())
    }
}

/// An account's owner, as who does something.
pub const fn owner(account: &Account) -> Caller {
    Caller { id: account.id, role: account.role }
}

pub fn no_account() -> Refusal {
    Refusal::NotFound { what: "account".to_owned() }
}

/// Whole seconds, and not too early.
fn too_many(wait: Duration) -> Refusal {
    Refusal::TooMany { retry_after_s: u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX) }
}
