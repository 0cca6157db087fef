//! An order through the HTTP door, as a shop's client would place it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::flock::Flock;
use crate::state::random_hex;

/// How long the gateway may wait for the order to settle before it answers.
const WAIT: Duration = Duration::from_secs(10);

/// Puts the small catalog in, if this state has none yet. The file that is returned holds the
/// body of an order that this catalog can serve, as `starling seed` printed it.
pub fn seed(flock: &Flock, state: &Path) -> anyhow::Result<PathBuf> {
    let path = state.join("order.json");
    match fs::exists(&path) {
        Ok(true) => return Ok(path),
        Ok(false) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    tools::step("putting a small catalog with stock in", || {
        let printed = flock.ask(&["seed"])?;
        let order: Value = serde_json::from_str(&printed)
            .with_context(|| format!("starling seed should print an order, not {printed:?}"))?;
        fs::write(&path, serde_json::to_string_pretty(&order)? + "\n")?;
        Ok(())
    })?;
    Ok(path)
}

/// A token of a customer.
pub fn token(flock: &Flock) -> anyhow::Result<String> {
    Ok(flock.ask(&["token", "--role", "customer"])?.trim().to_owned())
}

/// Places the order and waits until it is settled, or ten seconds. Returns its id.
///
/// # Errors
/// When the gateway refuses it, or does not say what became of it.
pub fn place(flock: &Flock, token: &str, body: &str) -> anyhow::Result<String> {
    let mut answer = ureq::post(flock.url("/v1/orders"))
        .config()
        .http_status_as_error(false)
        .timeout_global(Some(WAIT * 2))
        .build()
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", random_hex::<16>()?)
        .header("Prefer", format!("wait={}", WAIT.as_secs()))
        .send(body)
        .context("the gateway does not answer")?;
    let location =
        answer.headers().get("Location").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let status = answer.status();
    let text = answer.body_mut().read_to_string()?;
    ensure!(status.is_success(), "the gateway refuses the order ({status}): {text}");
    id(location.as_deref(), &text).with_context(|| format!("the gateway does not say the order's id: {text}"))
}

/// The id of an order: the end of its location, or else what the body says.
fn id(location: Option<&str>, body: &str) -> Option<String> {
    let from_location = location.and_then(|location| location.rsplit('/').next()).map(ToOwned::to_owned);
    from_location.or_else(|| {
        let body: Value = serde_json::from_str(body).ok()?;
        ["id", "order_id"].iter().find_map(|name| body[name].as_str().map(ToOwned::to_owned))
    })
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn an_orders_id_is_the_end_of_its_location_or_in_the_body() {
        assert_eq!(id(Some("/v1/orders/0197"), "").as_deref(), Some("0197"));
        assert_eq!(id(None, r#"{"id": "0198"}"#).as_deref(), Some("0198"));
        assert_eq!(id(None, r#"{"order_id": "0199"}"#).as_deref(), Some("0199"));
        assert_eq!(id(None, "no JSON"), None);
    }
}
