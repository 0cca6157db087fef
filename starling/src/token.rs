//! Development tokens: made from the flock's secret until accounts exist.

use crate::gateway_client::As;
use anyhow::bail;
use chassis::{Secret, settings};
use clap::{Args, ValueEnum};
use contracts::{MessageId, Role};
use gateway::token::mint;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// How long the tokens live that other commands make for themselves: longer than any of them runs.
const OWN_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// What a token is to say.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What its bearer may do
    #[arg(long, value_enum)]
    pub role: RoleName,
    /// Who its bearer is: a UUID; without it a new one
    #[arg(long)]
    pub subject: Option<Uuid>,
    /// How long it is good: a number with s, m, h or d
    #[arg(long, default_value = "1h", value_parser = duration)]
    pub ttl: Duration,
    /// The flock's secret
    #[arg(long, env = "STARLING_SECRET", hide_env_values = true, default_value = "")]
    pub secret: Secret,
}

/// A role, as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Buys.
    Customer,
    /// Helps.
    Support,
    /// Runs the shop.
    Admin,
    /// A program of the shop's.
    Service,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Customer => Self::Customer,
            RoleName::Support => Self::Support,
            RoleName::Admin => Self::Admin,
            RoleName::Service => Self::Service,
        }
    }
}

/// Makes a token.
///
/// # Errors
/// When there is no secret to sign it with.
pub fn token(args: &TokenArgs) -> anyhow::Result<String> {
    needs(&args.secret)?;
    Ok(mint(&args.secret, args.subject.unwrap_or_else(Uuid::now_v7), args.role.into(), args.ttl))
}

/// Whose own secret to print.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// The service's name, as `starling run` takes it, or `operator`, or `provisioner`
    pub name: String,
    /// The flock's secret
    #[arg(long, env = "STARLING_SECRET", hide_env_values = true, default_value = "")]
    pub secret: Secret,
}

/// A user's own secret: what its process is given as `STARLING_PASSWORD` in place of the flock's.
///
/// # Errors
/// When there is no secret to derive it from.
pub fn password(args: &PasswordArgs) -> anyhow::Result<String> {
    needs(&args.secret)?;
    Ok(args.secret.own(&args.name).expose().to_owned())
}

/// The flock's secret must be there.
///
/// # Errors
/// When it is empty.
pub fn needs(secret: &Secret) -> anyhow::Result<()> {
    if secret.expose().is_empty() {
        bail!("the flock's secret is needed: set STARLING_SECRET");
    }
    Ok(())
}

/// The same for what signs in to NATS or Postgres: the secret, or the user's own password.
///
/// # Errors
/// When there is neither.
pub fn needs_some(places: &settings::Parts) -> anyhow::Result<()> {
    if places.password.is_some() { Ok(()) } else { needs(&places.secret) }
}

/// The tokens of a command that makes requests.
pub enum Identity {
    /// One for everything.
    Given(Secret),
    /// One for each caller, made when needed.
    Made {
        /// The flock's.
        secret: Secret,
        /// Made so far, by subject.
        made: Mutex<HashMap<Uuid, String>>,
    },
}

impl Identity {
    /// From a given token, else from the secret.
    ///
    /// # Errors
    /// When there is neither.
    pub fn new(given: Option<Secret>, secret: Secret) -> anyhow::Result<Self> {
        match given {
            Some(token) => Ok(Self::Given(token)),
            None => {
                needs(&secret)?;
                Ok(Self::Made { secret, made: Mutex::default() })
            }
        }
    }

    /// The token of a caller.
    #[must_use]
    pub fn token(&self, by: As) -> String {
        match self {
            Self::Given(token) => token.expose().to_owned(),
            Self::Made { secret, made } => {
                let (subject, role) = match by {
                    As::Service => (MessageId::named(&["starling", "operator"]).0, Role::Service),
                    As::Customer(customer) => (customer.0, Role::Customer),
                };
                let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                made.entry(subject).or_insert_with(|| mint(secret, subject, role, OWN_TTL)).clone()
            }
        }
    }
}

/// Reads `90s`, `15m`, `1h`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a number with s, m, h or d, such as 1h".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .filter(|s| (1..=86_400 * 365).contains(s))
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_a_limit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "h", "1", "1w", "-1h", "0s", "366d", "99999999999999999999d", "1é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
