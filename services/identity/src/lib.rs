//! Identity: knows who may come in, and as what; tells every change of an account.
//!
//! No message drives it, only requests: a change is committed with the time at which a sweep shall tell it, told at
//! once, and marked as told; so a crash in between delays the news and loses nothing. Passwords, tokens and codes travel
//! by requests and mails alone, never in events, logs or spans.

mod announce;
mod desk;
mod domain;
mod hasher;
mod oidc;
mod post;
mod requests;
mod secrets;
mod sender;
mod settings;
mod signer;
mod store;
mod tidy;
mod timers;

pub use announce::TELL_AGAIN;
pub use oidc::OidcProviders;
pub use settings::Settings;
pub use timers::Untold;

use chassis::{Ctx, Fault, Service, settings::Parts};
use contracts::{Message, Request, SESSION_REVOKED, UserChanged, UserDeleted};
use desk::{Desk, Identity};
use sqlx::migrate::Migrator;
use std::{future::Future, sync::Arc};

/// Identity's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// Its name: its NATS user, its database.
pub const NAME: &str = "identity";

/// The service.
#[must_use]
pub fn service(places: &Parts, settings: &Settings) -> Service {
    let identity = Arc::new(Identity::new(places, settings.clone(), NAME));
    let service = Service::new(NAME)
        .keeps(&MIGRATIONS)
        .tells(&[UserChanged::INFO, UserDeleted::INFO])
        .live(&[SESSION_REVOKED])
        .sweeps::<Untold>(&[]);
    let service = works(service, &identity, sender::send);
    let service = works(service, &identity, post::answer);
    let service = works(service, &identity, tidy::tidy);
    Answering { service, identity }
        .to(requests::register)
        .to(requests::verify_email)
        .to(requests::login)
        .to(requests::start_oidc)
        .to(requests::finish_oidc)
        .to(requests::finish_oidc_code)
        .to(requests::refresh)
        .to(requests::list_sessions)
        .to(requests::end_sessions)
        .to(requests::forgot_password)
        .to(requests::reset_password)
        .to(requests::change_password)
        .to(requests::change_email)
        .to(requests::get_keys)
        .to(requests::list_revoked)
        .to(requests::check_api_key)
        .to(requests::get_user)
        .to(requests::set_profile)
        .to(requests::set_preferences)
        .to(requests::list_addresses)
        .to(requests::save_address)
        .to(requests::delete_address)
        .to(requests::set_avatar)
        .to(requests::get_avatar)
        .to(requests::export_user)
        .to(requests::delete_user)
        .to(requests::enrol_totp)
        .to(requests::confirm_totp)
        .to(requests::drop_totp)
        .to(requests::list_identities)
        .to(requests::remove_identity)
        .to(requests::list_users)
        .to(requests::change_user)
        .to(requests::history)
        .to(requests::create_api_key)
        .to(requests::list_api_keys)
        .to(requests::revoke_api_key)
        .to(requests::make_admin)
        .to(requests::list_mails)
        .to(requests::rotate_keys)
        .service
}

/// A service whose answers have a desk.
struct Answering {
    service: Service,
    identity: Arc<Identity>,
}

impl Answering {
    fn to<R, F, A>(self, handler: F) -> Self
    where
        R: Request,
        F: Fn(Desk, R) -> A + Copy + Send + Sync + 'static,
        A: Future<Output = Result<R::Reply, Fault>> + Send + 'static,
    {
        let Self { service, identity } = self;
        let known = identity.clone();
        let answer = move |ctx: Ctx, question: R| handler(Desk::new(known.clone(), ctx), question);
        Self { service: service.answers::<R, _, _>(answer), identity }
    }
}

fn works<F, W>(service: Service, identity: &Arc<Identity>, work: F) -> Service
where
    F: FnOnce(Arc<Identity>, Ctx, tokio_util::sync::CancellationToken) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let identity = identity.clone();
    service.works(move |ctx, stop| work(identity, ctx, stop))
}
