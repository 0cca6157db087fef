//! Services behind the gateway, in the test's own process, with a Postgres of their own.

use crate::gateway::Gateway;
use chassis::{Health, Secret, Service, Tasks, provision, settings::Runtime};
use clap::Parser;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tools::{Server, postgres::Purpose, scratch::Scratch};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    runtime: Runtime,
}

/// A server and its folder.
pub struct Postgres {
    pub server: Server,
    _scratch: Scratch,
}

/// Starts one for the services behind this gateway.
pub async fn postgres(gateway: &mut Gateway) -> Postgres {
    let start = || {
        let scratch = Scratch::new("shop").unwrap();
        let place = scratch.path().join("postgres");
        Postgres { server: tools::postgres::start(&place, None, Purpose::Tests).unwrap(), _scratch: scratch }
    };
    let postgres = tokio::task::spawn_blocking(start).await.unwrap();
    gateway.places.postgres_url = Secret::from(postgres.server.url().to_owned());
    postgres
}

/// Runs a service until the gateway stops, or until the token that is returned is cancelled.
pub async fn run(gateway: &Gateway, service: Service) -> CancellationToken {
    let name = service.wiring().name;
    provision::database(&gateway.places, name, service.migrations().unwrap(), true).await.unwrap();
    let stop = gateway.stop.child_token();
    let tasks = Tasks::child_of(&stop);
    let (places, runtime) = (gateway.places.clone(), Arc::new(Settings::parse_from(["test"]).runtime));
    gateway
        .ended
        .spawn(async move { service.run(&places, runtime, Health::default(), tasks).await.unwrap() });
    stop
}
