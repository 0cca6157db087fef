//! Hashes.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256, in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(hex, "{byte:02x}").expect("a String takes all");
    }
    hex
}
