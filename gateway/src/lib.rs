//! The gateway: HTTP in, NATS out. No business rule lives here.
//!
//! A change is a command, published durably before it is answered `202 Accepted`; a read is a request to the
//! service that owns the answer. [`routes`] is the one table of what there is; `/openapi.json` is made of it.

mod settings;
pub use settings::Settings;
pub mod promises;
pub mod routes;
pub mod token;

mod access;
mod address;
mod app;
mod class;
mod cors;
mod edge;
mod identity;
mod keys;
mod places;
mod proxies;
mod quota;
mod rate;
mod server;

mod accounts;
mod admin;
mod cart;
mod delivery;
mod listings;
mod orders;
mod payments;
mod products;
mod selling;
mod stock;

mod again;
mod ask;
mod body;
mod cache;
mod document;
mod etag;
mod export;
mod hash;
mod memory;
mod pages;
mod problem;
mod query;
mod send;
mod wording;

use crate::{app::App, edge::Edge, proxies::Proxies};
use anyhow::Context;
use chassis::{Health, Publisher, Tasks, Wiring, connect, settings::Parts};
use contracts::{
    AddImage, AdjustStock, BeginImage, CancelOrder, ChangeEmail, ChangePassword, ChangeUser, CheckApiKey,
    ConfirmTotp, CreateApiKey, DeleteAddress, DeleteCategory, DeleteCoupon, DeleteImage, DeletePromotion,
    DeleteUser, DeliverShipment, DispatchShipment, DropTotp, EndSessions, EnrolTotp, ExportUser, FinishOidc,
    FinishOidcCode, ForgetImages, ForgotPassword, GetAvatar, GetHistory, GetKeys, GetListing, GetOrder,
    GetPayment, GetPriceRules, GetProduct, GetShipment, GetStockLevel, GetTimeline, GetUser, ImportProducts,
    LISTINGS_CHANGED, ListAddresses, ListApiKeys, ListCategories, ListIdentities, ListListings, ListOrders,
    ListProducts, ListRevoked, ListSessions, ListSlots, ListStrayImages, ListUsers, Login, Message,
    MessageInfo, PayOrder, PaymentWebhook, PlaceOrder, PutCategory, PutCoupon, PutImages, PutListings,
    PutPromotion, PutTaxRates, QuoteCart, ReceiveStock, RefreshTokens, RefundPayment, Register,
    RemoveIdentity, Request, ResetPassword, RevokeApiKey, SESSION_REVOKED, SaveAddress, SearchListings,
    SetAvatar, SetPreferences, SetProfile, StartOidc, VerifyEmail, VerifyPayment,
};
use std::{sync::Arc, time::Duration};

/// The gateway's name: its NATS user.
pub const NAME: &str = "gateway";

/// The commands that it sends.
pub const SENDS: &[&MessageInfo] = &[
    PlaceOrder::INFO,
    CancelOrder::INFO,
    PayOrder::INFO,
    VerifyPayment::INFO,
    PaymentWebhook::INFO,
    RefundPayment::INFO,
    ReceiveStock::INFO,
    AdjustStock::INFO,
    DispatchShipment::INFO,
    DeliverShipment::INFO,
];

/// The subjects of the requests that it asks.
pub const ASKS: &[&str] = &[
    GetOrder::SUBJECT,
    ListOrders::SUBJECT,
    GetTimeline::SUBJECT,
    GetPayment::SUBJECT,
    GetShipment::SUBJECT,
    ListSlots::SUBJECT,
    GetStockLevel::SUBJECT,
    GetProduct::SUBJECT,
    ListProducts::SUBJECT,
    ImportProducts::SUBJECT,
    PutListings::SUBJECT,
    ListListings::SUBJECT,
    GetListing::SUBJECT,
    SearchListings::SUBJECT,
    ListCategories::SUBJECT,
    BeginImage::SUBJECT,
    AddImage::SUBJECT,
    PutImages::SUBJECT,
    DeleteImage::SUBJECT,
    ListStrayImages::SUBJECT,
    ForgetImages::SUBJECT,
    PutCategory::SUBJECT,
    DeleteCategory::SUBJECT,
    GetPriceRules::SUBJECT,
    PutPromotion::SUBJECT,
    DeletePromotion::SUBJECT,
    PutCoupon::SUBJECT,
    DeleteCoupon::SUBJECT,
    PutTaxRates::SUBJECT,
    QuoteCart::SUBJECT,
    Register::SUBJECT,
    VerifyEmail::SUBJECT,
    Login::SUBJECT,
    StartOidc::SUBJECT,
    FinishOidc::SUBJECT,
    FinishOidcCode::SUBJECT,
    RefreshTokens::SUBJECT,
    EndSessions::SUBJECT,
    ForgotPassword::SUBJECT,
    ResetPassword::SUBJECT,
    ChangePassword::SUBJECT,
    ChangeEmail::SUBJECT,
    ListSessions::SUBJECT,
    GetKeys::SUBJECT,
    ListRevoked::SUBJECT,
    CheckApiKey::SUBJECT,
    GetUser::SUBJECT,
    SetProfile::SUBJECT,
    SetPreferences::SUBJECT,
    ListAddresses::SUBJECT,
    SaveAddress::SUBJECT,
    DeleteAddress::SUBJECT,
    SetAvatar::SUBJECT,
    GetAvatar::SUBJECT,
    ExportUser::SUBJECT,
    DeleteUser::SUBJECT,
    EnrolTotp::SUBJECT,
    ConfirmTotp::SUBJECT,
    DropTotp::SUBJECT,
    ListIdentities::SUBJECT,
    RemoveIdentity::SUBJECT,
    ListUsers::SUBJECT,
    ChangeUser::SUBJECT,
    GetHistory::SUBJECT,
    CreateApiKey::SUBJECT,
    ListApiKeys::SUBJECT,
    RevokeApiKey::SUBJECT,
];

/// The subjects of core NATS that it listens to, beside its inbox.
pub const LISTENS: &[&str] = &["live.order.*", SESSION_REVOKED, LISTINGS_CHANGED];

/// How often readiness looks at the connection to NATS.
const LOOK: Duration = Duration::from_secs(1);

/// Serves until `tasks` is told to stop, and what is under way is finished. `flock` are the services whose choreography it
/// shows; it may look at their consumers ([`Permissions::looking_at`](chassis::permissions::Permissions::looking_at)).
///
/// # Errors
/// When the address is taken, NATS cannot be reached, a setting is wrong, or there is no key to check tokens with.
pub async fn run(
    places: &Parts,
    settings: Settings,
    flock: Vec<Wiring>,
    health: Health,
    tasks: Tasks,
) -> anyhow::Result<()> {
    let tls = server::Tls::open(&settings)?;
    let nats = connect::nats(places, NAME).await?;
    let publisher = Publisher::start(nats.clone(), &tasks);
    let app = Arc::new(App::new(places, &settings, &flock, nats, publisher, health.clone(), &tasks)?);
    let proxies = Proxies::new(&settings.gateway_trusted_proxies)?;
    let edge = Arc::new(Edge::new(&app, &settings, proxies.clone(), tls.is_some())?);
    let listener = server::listen(settings.listen, settings.gateway_reuse_port)
        .with_context(|| format!("listening on {} (GATEWAY_LISTEN)", settings.listen))?;
    tracing::info!(address = %settings.listen, tls = tls.is_some(), "gateway listens");
    tasks.spawn(watch_nats(app.nats.clone(), health, tasks.clone()));
    tasks.spawn(quota::follow(app.clone(), tasks.stop().clone()));
    tasks.spawn(cache::follow(app.clone(), tasks.stop().clone()));
    let tidy = Duration::from_millis(settings.images_tidy_ms);
    tasks.spawn(listings::images::follow(app.clone(), tidy, tasks.stop().clone()));
    tasks.spawn(identity::follow(app, tasks.stop().clone()));
    server::serve(listener, edge, tls, proxies, &settings, tasks.stop()).await;
    // All handles to the publisher are gone now, so its task ends too.
    tasks.ended().await;
    Ok(())
}

/// Ready means: commands can be published.
async fn watch_nats(nats: connect::Nats, health: Health, tasks: Tasks) {
    loop {
        let connected = nats.client.connection_state() == async_nats::connection::State::Connected;
        health.set("gateway: NATS", connected);
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = tasks.stop().cancelled() => return health.set("gateway: NATS", false),
        }
    }
}
