//! Signatures of webhooks, in Stripe's scheme: `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
//!
//! The time is signed too, so that an old message cannot be sent again much later; several `v1` may stand in one
//! header, so that a secret can be changed without a gap.

use crate::Secret;
use contracts::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{fmt::Write, time::Duration};

/// How far a signature's time may be from the present, either way: what Stripe recommends.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// The most `v1` signatures that are tried.
const MOST_SIGNATURES: usize = 4;

/// Not signed by the one who knows the secret, or not lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// No `t=…,v1=…`.
    #[error("the signature is not of the form t=…,v1=…")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature's time is too far from now")]
    Stale,
    /// Another secret, or another body.
    #[error("the signature does not fit the body")]
    Wrong,
}

/// The secret that a provider signs its webhooks with, as far as it is derived from the flock's secret.
#[must_use]
pub fn webhook_secret(flock: &Secret, provider: &str) -> Secret {
    flock.derive("webhook", provider)
}

/// The header for a body that is sent at a time, in seconds since 1970.
#[must_use]
pub fn sign(secret: &Secret, at_s: i64, body: &str) -> String {
    let mut header = format!("t={at_s},v1=");
    for byte in mac(secret, &at_s.to_string(), body).finalize().into_bytes() {
        write!(header, "{byte:02x}").expect("a String takes all");
    }
    header
}

/// Checks a header against the body that came with it, in constant time.
///
/// # Errors
/// When the body was not signed with this secret, or not within `tolerance` of `now`.
pub fn verify(
    secret: &Secret,
    header: &str,
    body: &str,
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), Forged> {
    let fields = || header.split(',').filter_map(|field| field.trim().split_once('='));
    let at = fields().find(|(name, _)| *name == "t").map(|(_, at)| at).ok_or(Forged::Malformed)?;
    let at_s: i64 = at.parse().map_err(|_| Forged::Malformed)?;
    let signatures: Vec<[u8; 32]> = fields()
        .filter(|(name, _)| *name == "v1")
        .take(MOST_SIGNATURES)
        .map(|(_, hex)| bytes(hex).ok_or(Forged::Malformed))
        .collect::<Result<_, _>>()?;
    if signatures.is_empty() {
        return Err(Forged::Malformed);
    }
    if (now.millis() / 1000).abs_diff(at_s) > tolerance.as_secs() {
        return Err(Forged::Stale);
    }
    let mac = mac(secret, at, body);
    let fits = |signature: &[u8; 32]| mac.clone().verify_slice(signature).is_ok();
    if signatures.iter().any(fits) { Ok(()) } else { Err(Forged::Wrong) }
}

fn mac(secret: &Secret, at: &str, body: &str) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(at.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    mac
}

/// 64 hexadecimal digits.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"event_id":"1"}"#;
    const AT_S: i64 = 1_795_000_000;

    #[track_caller]
    fn check(header: &str, body: &str, now_s: i64, expected: Result<(), Forged>) {
        let secret = Secret::from("whsec".to_owned());
        let now = Timestamp::from_millis(now_s * 1000);
        assert_eq!(verify(&secret, header, body, now, TOLERANCE), expected, "{header}");
    }

    #[test]
    fn the_signature_is_hmac_sha256_of_time_and_body() {
        // printf '1795000000.{"event_id":"1"}' | openssl dgst -sha256 -hmac whsec
        assert_eq!(
            sign(&Secret::from("whsec".to_owned()), AT_S, BODY),
            "t=1795000000,v1=cbbe43df5394027e427b84e84da6060c8962f4559125fbf27503cfb192c728e7"
        );
    }

    #[test]
    fn only_what_was_signed_lately_with_the_secret_is_taken() {
        let good = sign(&Secret::from("whsec".to_owned()), AT_S, BODY);
        let other = sign(&Secret::from("another".to_owned()), AT_S, BODY);
        check(&good, BODY, AT_S, Ok(()));
        check(&good, BODY, AT_S + 300, Ok(()));
        check(&good, BODY, AT_S - 300, Ok(()));
        check(&good, BODY, AT_S + 301, Err(Forged::Stale));
        check(&good, BODY, AT_S - 301, Err(Forged::Stale));
        check(&good, r#"{"event_id":"2"}"#, AT_S, Err(Forged::Wrong));
        check(&good.replace("t=1795000000", "t=1795000001"), BODY, AT_S, Err(Forged::Wrong));
        check(&other, BODY, AT_S, Err(Forged::Wrong));
        let rotated = format!("{other},{}", good.split_once(',').unwrap().1);
        check(&rotated, BODY, AT_S, Ok(()));
    }

    #[test]
    fn what_is_no_signature_is_malformed() {
        let hex = "0".repeat(64);
        for header in ["", "t=1795000000", "v1=00", "t=x,v1=00", "t=1795000000,v1=0g", "t=,v1="] {
            check(header, BODY, AT_S, Err(Forged::Malformed));
        }
        check(&format!("t=1795000000,v1={}é", &hex[..62]), BODY, AT_S, Err(Forged::Malformed));
        check(&format!("t=-9223372036854775808,v1={hex}"), BODY, AT_S, Err(Forged::Stale));
    }
}
