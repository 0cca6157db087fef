//! `starling provision` and `starling nats-auth`: what must be there before services start.

use crate::flock;
use chassis::{Secret, permissions, provision, settings};
use clap::Args;

/// Where to provision.
#[derive(Debug, Args)]
pub struct ProvisionArgs {
    #[command(flatten)]
    places: settings::Parts,
    /// Copies of each stream: 3 on three NATS nodes
    #[arg(long, env = "NATS_REPLICAS", default_value_t = 1)]
    replicas: usize,
}

/// Streams, consumers, database users, databases, tables: made, or brought up to date. Safe to repeat.
///
/// # Errors
/// When a server cannot be reached or refuses.
pub async fn provision(args: &ProvisionArgs) -> anyhow::Result<()> {
    crate::token::needs_some(&args.places)?;
    let services = flock::services(&args.places, &flock::Settings::default());
    let wirings: Vec<_> = services.iter().map(chassis::Service::wiring).collect();
    provision::streams(&args.places, &wirings, args.replicas).await?;
    for service in &services {
        if let Some(migrations) = service.migrations() {
            provision::database(&args.places, service.wiring().name, migrations, true).await?;
        }
    }
    for (name, migrations) in flock::LEDGERS {
        provision::database(&args.places, name, migrations, false).await?;
    }
    Ok(())
}

/// What the NATS users' passwords are derived from.
#[derive(Debug, Args)]
pub struct NatsAuthArgs {
    /// The flock's secret
    #[arg(long, env = "STARLING_SECRET", hide_env_values = true, default_value = "")]
    secret: Secret,
}

/// The `authorization` block for nats-server's configuration: a user for each service, with least privilege.
///
/// # Errors
/// When there is no secret.
pub fn nats_auth(args: &NatsAuthArgs) -> anyhow::Result<String> {
    crate::token::needs(&args.secret)?;
    Ok(permissions::auth_block(&flock::users(&flock::nowhere()), &args.secret))
}
