//! `starling run`: the whole flock, or any part of it, in one process.

use crate::flock;
use anyhow::{Context, bail, ensure};
use chassis::{Health, Service, Tasks, settings, telemetry};
use clap::Args;
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// How often to look whether a service has begun.
const LOOK: Duration = Duration::from_millis(5);

/// What to run, and all that it can be told.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Services to run: `all`, or any of orders, inventory, payments, payments-log, shipping, catalog, identity, gateway
    #[arg(default_value = "all")]
    names: Vec<String>,
    #[command(flatten)]
    places: settings::Parts,
    #[command(flatten)]
    runtime: settings::Runtime,
    #[command(flatten)]
    telemetry: settings::Telemetry,
    #[command(flatten)]
    flock: flock::Settings,
    #[command(flatten)]
    gateway: gateway::Settings,
}

/// Runs until SIGTERM or SIGINT; then every batch at hand is finished.
///
/// # Errors
/// When a name is unknown, or a part cannot be reached at the start.
pub async fn run(args: RunArgs) -> anyhow::Result<()> {
    crate::token::needs_some(&args.places)?;
    let names = args.names.clone();
    let wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut services = flock::services(&args.places, &args.flock);
    let known: BTreeSet<&str> =
        services.iter().map(|service| service.wiring().name).chain([gateway::NAME, "all"]).collect();
    if let Some(unknown) = wanted.difference(&known).next() {
        bail!(
            "no service is called {unknown}; there are: {}",
            Vec::from_iter(known.iter().copied()).join(", ")
        );
    }
    let all = wanted.contains("all");
    services.retain(|service| all || wanted.contains(service.wiring().name));
    let with_gateway = all || wanted.contains(gateway::NAME);
    let telemetry =
        telemetry::start(&args.telemetry, &if all { "starling".to_owned() } else { args.names.join("+") })?;
    let outcome = run_all(services, with_gateway, args).await;
    telemetry.shutdown().await;
    outcome
}

async fn run_all(services: Vec<Service>, with_gateway: bool, args: RunArgs) -> anyhow::Result<()> {
    let (health, root, group) = (Health::default(), CancellationToken::new(), Tasks::default());
    let (failed, mut failure) = tokio::sync::mpsc::channel::<anyhow::Error>(1);
    let runtime = Arc::new(args.runtime);
    if let Some(address) = args.telemetry.health_listen {
        serve_health(address, &health, &group, &root).await?;
    }
    for service in services {
        let (places, runtime, health, failed) =
            (args.places.clone(), runtime.clone(), health.clone(), failed.clone());
        let (tasks, name, root) = (Tasks::child_of(&root), service.wiring().name, root.clone());
        health.set(name, false);
        group.spawn(async move {
            let running = service.run(&places, runtime, health.clone(), tasks);
            let (ended, ()) = tokio::join!(running, begun(&health, name, &root));
            if let Err(error) = ended {
                drop(failed.try_send(error.context(name)));
            }
        });
    }
    if with_gateway {
        let (places, gateway, health, failed) =
            (args.places.clone(), args.gateway, health.clone(), failed.clone());
        let tasks = Tasks::child_of(&root);
        group.spawn(async move {
            if let Err(error) = gateway::run(&places, gateway, flock::wiring().services, health, tasks).await
            {
                drop(failed.try_send(error.context(gateway::NAME)));
            }
        });
    }
    let outcome = tokio::select! {
        told = told_to_stop() => told,
        error = failure.recv() => error.map_or(Ok(()), Err),
    };
    tracing::info!("stopping: batches at hand are finished first");
    root.cancel();
    // A part that hangs must not keep the process for ever; what it had is delivered again.
    let limit = runtime.shutdown() * 2;
    let ended = tokio::time::timeout(limit, group.ended()).await;
    outcome.and_then(|()| {
        ensure!(ended.is_ok(), "not all parts ended within {} s", limit.as_secs());
        Ok(())
    })
}

/// A service counts as begun once its parts say themselves how they stand: until then the process is not ready.
async fn begun(health: &Health, name: &str, root: &CancellationToken) {
    let parts = format!("{name} ");
    while !health.report().1.keys().any(|part| part.starts_with(&parts)) {
        if root.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
    health.set(name, true);
}

async fn told_to_stop() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn serve_health(
    address: SocketAddr,
    health: &Health,
    group: &Tasks,
    root: &CancellationToken,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("HEALTH_LISTEN {address}"))?;
    let (routes, stop) = (health.routes::<()>(), root.clone());
    group.spawn(async move {
        let stopped = async move { stop.cancelled().await };
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "health server ended");
        }
    });
    Ok(())
}
