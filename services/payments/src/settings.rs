//! What can be set about payments.

use chassis::{CallLimits, Secret, signature};
use clap::Args;
use std::time::Duration;

/// What bounds the calls to the payment provider, and what its webhooks are signed with.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Settings {
    /// Calls to the payment provider at the same time
    #[arg(long, env = "PAYMENT_CALLS_AT_ONCE", default_value_t = 1_024)]
    pub payment_calls_at_once: usize,
    /// Time for one call to the payment provider, in milliseconds; after it the outcome is unknown, and the same
    /// call is made again
    #[arg(long, env = "PAYMENT_CALL_TIMEOUT_MS", default_value_t = 10_000)]
    pub payment_call_timeout_ms: u64,
    /// What the payment provider signs its webhooks with; none: derived from the flock's secret
    #[arg(long, env = "PAYMENT_WEBHOOK_SECRET", hide_env_values = true)]
    pub payment_webhook_secret: Option<Secret>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { payment_calls_at_once: 1_024, payment_call_timeout_ms: 10_000, payment_webhook_secret: None }
    }
}

impl Settings {
    /// What decisions depend on.
    #[must_use]
    pub fn rules(&self, places: &chassis::settings::Parts) -> Rules {
        let derived = || signature::webhook_secret(&places.secret, crate::sandbox::NAME);
        Rules { webhook_secret: self.payment_webhook_secret.clone().unwrap_or_else(derived) }
    }

    pub(crate) fn limits(&self) -> CallLimits {
        CallLimits {
            concurrent: self.payment_calls_at_once,
            timeout: Duration::from_millis(self.payment_call_timeout_ms),
            ..CallLimits::default()
        }
    }
}

/// What decisions depend on.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What the provider signs its webhooks with.
    pub webhook_secret: Secret,
}

impl Default for Rules {
    /// For tests and simulations.
    fn default() -> Self {
        Self { webhook_secret: Secret::from("webhooks of a test".to_owned()) }
    }
}
