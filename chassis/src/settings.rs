//! Settings: flags and environment, read in one place. `--help` lists all.

use crate::Secret;
use clap::Args;
use std::{net::SocketAddr, time::Duration};

/// Where the flock's parts are.
#[derive(Debug, Clone, Args)]
pub struct Parts {
    /// NATS, without user: each service signs in as itself. The nodes of a cluster with commas between them
    #[arg(long, env = "NATS_URL", default_value = "nats://127.0.0.1:4222")]
    pub nats_url: String,
    /// PostgreSQL: host and port are for all; user, password and database only for provisioning and audit
    #[arg(
        long,
        env = "POSTGRES_URL",
        default_value = "postgres://postgres@127.0.0.1:5432/postgres",
        hide_env_values = true
    )]
    pub postgres_url: Secret,
    /// Redis, for the gateway's idempotency keys and what was accepted lately
    #[arg(long, env = "REDIS_URL", default_value = "redis://127.0.0.1:6379", hide_env_values = true)]
    pub redis_url: Secret,
    /// MongoDB, for the payment log
    #[arg(long, env = "MONGODB_URL", default_value = "mongodb://127.0.0.1:27017", hide_env_values = true)]
    pub mongodb_url: Secret,
    /// The flock's secret, from which every user's own secret and passwords are derived (HMAC-SHA256)
    #[arg(long, env = "STARLING_SECRET", hide_env_values = true, default_value = "")]
    pub secret: Secret,
    /// One user's own secret (`starling password NAME`), for a process that is not given the flock's
    #[arg(long, env = "STARLING_PASSWORD", hide_env_values = true)]
    pub password: Option<Secret>,
}

impl Parts {
    /// A user's own secret: the one that the process was given, else derived from the flock's.
    #[must_use]
    pub fn own(&self, user: &str) -> Secret {
        self.password.clone().unwrap_or_else(|| self.secret.own(user))
    }

    /// The URLs of all NATS nodes.
    #[must_use]
    pub fn nats_urls(&self) -> Vec<String> {
        self.nats_url.split(',').map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect()
    }
}

/// How a service works through its messages.
#[derive(Debug, Clone, Args)]
pub struct Runtime {
    /// Most messages in one batch (one transaction)
    #[arg(long, env = "BATCH_MESSAGES", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch_messages: u16,
    /// How long, at most, a batch that has begun waits for more messages under load, in milliseconds
    #[arg(long, env = "LINGER_MS", default_value_t = 20)]
    pub linger_ms: u64,
    /// Connections of a service to its database
    #[arg(long, env = "DB_CONNECTIONS", default_value_t = 6)]
    pub db_connections: u32,
    /// Requests that a service answers at the same time
    #[arg(long, env = "REQUESTS_AT_ONCE", default_value_t = 64)]
    pub requests_at_once: usize,
    /// Time to finish the batches at hand when told to stop, in seconds
    #[arg(long, env = "SHUTDOWN_S", default_value_t = 10)]
    pub shutdown_s: u64,
}

impl Runtime {
    /// How long, at most, a batch that has begun waits for more messages.
    #[must_use]
    pub const fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    /// Time to finish when told to stop.
    #[must_use]
    pub const fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_s)
    }
}

/// Where to tell how it goes.
#[derive(Debug, Clone, Args)]
pub struct Telemetry {
    /// OTLP endpoint (HTTP) for traces, metrics and logs; none: only logs, on stdout
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Share of orders that are traced, 0 to 1
    #[arg(long, env = "TRACE_RATIO", default_value_t = 0.05)]
    pub trace_ratio: f64,
    /// What to log: `info`, `orders=debug,info` …
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,
    /// Address for `/health/live` and `/health/ready` of a process without the gateway
    #[arg(long, env = "HEALTH_LISTEN")]
    pub health_listen: Option<SocketAddr>,
}
