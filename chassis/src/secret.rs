//! Secrets: never shown, and the passwords that are derived from the flock's one secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{convert::Infallible, fmt, fmt::Write, str::FromStr};

/// A text that must not reach a log: `Debug` shows three dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one who needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The password of a user for a purpose (`nats`, `postgres` …): HMAC-SHA256 (RFC 2104) under the user's own
    /// secret, in hex.
    #[must_use]
    pub fn derive(&self, purpose: &str, name: &str) -> Self {
        self.own(name).for_purpose(purpose)
    }

    /// A user's own secret, from which its passwords follow: HMAC-SHA256 of the name under the flock's. A process
    /// that is given only this (`STARLING_PASSWORD`) can be nobody else.
    #[must_use]
    pub fn own(&self, name: &str) -> Self {
        self.hmac(name)
    }

    /// The password for a purpose, of the user whose own secret this is.
    #[must_use]
    pub fn for_purpose(&self, purpose: &str) -> Self {
        self.hmac(purpose)
    }

    fn hmac(&self, text: &str) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        let mut hex = String::with_capacity(64);
        for byte in mac.finalize().into_bytes() {
            write!(hex, "{byte:02x}").expect("a String takes all");
        }
        Self(hex)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
