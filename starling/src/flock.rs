//! The flock in one place: every service, every NATS user, every database.

use crate::documents::Flock;
use chassis::{Secret, Service, permissions::Permissions, settings::Parts};
use clap::Args;
use sqlx::migrate::Migrator;

/// What the services can be told, beside where the parts are.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Settings {
    /// How long an order may stay unpaid, in seconds
    #[arg(long, env = "ORDER_DEADLINE_S", default_value_t = 15 * 60)]
    pub order_deadline_s: u64,
    /// Payments' own.
    #[command(flatten)]
    pub payments: payments::Settings,
    /// Shipping's own.
    #[command(flatten)]
    pub shipping: shipping::Settings,
    /// Catalog's own.
    #[command(flatten)]
    pub catalog: catalog::Settings,
    /// Identity's own.
    #[command(flatten)]
    pub identity: identity::Settings,
}

impl Default for Settings {
    /// What holds when nothing is said.
    fn default() -> Self {
        Self {
            order_deadline_s: 15 * 60,
            payments: payments::Settings::default(),
            shipping: shipping::Settings::default(),
            catalog: catalog::Settings::default(),
            identity: identity::Settings::default(),
        }
    }
}

/// All services, in the order of an order's way. Nothing is connected yet.
#[must_use]
pub fn services(places: &Parts, settings: &Settings) -> Vec<Service> {
    let deadline = std::time::Duration::from_secs(settings.order_deadline_s);
    vec![
        orders::service(orders::Rules { deadline }),
        inventory::service(),
        payments::service(places, &settings.payments),
        payments::log_service(&places.mongodb_url),
        shipping::service(places, &settings.shipping),
        catalog::service(&settings.catalog),
        identity::service(places, &settings.identity),
    ]
}

/// All services without any place to run at: for what is made of their wiring alone.
#[must_use]
pub fn nowhere() -> Vec<Service> {
    let none = || Secret::from(String::new());
    let places = Parts {
        nats_url: String::new(),
        postgres_url: Secret::from("postgres://nobody@localhost/nothing".to_owned()),
        redis_url: none(),
        mongodb_url: none(),
        secret: none(),
        password: None,
    };
    services(&places, &Settings::default())
}

/// What all of them say and hear.
#[must_use]
pub fn wiring() -> Flock {
    Flock {
        services: nowhere().iter().map(|service| service.wiring().clone()).collect(),
        gateway_sends: gateway::SENDS.to_vec(),
        gateway_asks: gateway::ASKS.iter().map(ToString::to_string).collect(),
    }
}

/// The ledgers of the sandboxes, which stand for the outside: databases of their own.
pub const LEDGERS: [(&str, &Migrator); 2] = [
    (payments::sandbox::DATABASE, &payments::sandbox::LEDGER),
    (shipping::carrier::SANDBOX_DATABASE, &shipping::LEDGER),
];

/// The NATS users with what each may do: least privilege, made from what the services say of themselves.
#[must_use]
pub fn users(services: &[Service]) -> Vec<Permissions> {
    let mut users: Vec<Permissions> =
        services.iter().map(|service| Permissions::of_service(service.wiring())).collect();
    users.extend([gateway_user(services), Permissions::of_operator(), Permissions::of_provisioner()]);
    users
}

fn gateway_user(services: &[Service]) -> Permissions {
    let sends = gateway::SENDS.iter().map(|info| info.subject.to_owned());
    let asks = gateway::ASKS.iter().map(ToString::to_string);
    let mut user = Permissions::of(gateway::NAME, sends.chain(asks).collect());
    user.subscribe.extend(gateway::LISTENS.iter().map(ToString::to_string));
    user.looking_at(services.iter().map(Service::wiring))
}
