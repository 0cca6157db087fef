//! The file: CSV, plain or gzipped; its hash is the name under which its orders are known.

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::{fmt::Write, io::Read, path::Path};

/// First bytes of a gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Most bytes of an unpacked file: 1 GiB.
const MAX_BYTES: u64 = 1 << 30;

/// A file's content.
#[derive(Debug)]
pub struct Source {
    /// The first 12 hexadecimal digits of its (unpacked) content's SHA-256.
    pub hash: String,
    /// The CSV.
    pub text: String,
}

impl Source {
    /// Reads and unpacks a file. Text that is not UTF-8 is taken for Latin-1, as spreadsheets write it.
    ///
    /// # Errors
    /// When it cannot be read, is broken, or is larger than 1 GiB unpacked.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let packed = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let mut bytes = Vec::new();
        if packed.starts_with(&GZIP) {
            let mut unpacking = MultiGzDecoder::new(packed.as_slice()).take(MAX_BYTES + 1);
            unpacking.read_to_end(&mut bytes).with_context(|| format!("unpacking {}", path.display()))?;
        } else {
            bytes = packed;
        }
        anyhow::ensure!(bytes.len() as u64 <= MAX_BYTES, "{} is larger than 1 GiB", path.display());
        Ok(Self::of(bytes))
    }

    /// Takes unpacked content.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        let mut hash = String::with_capacity(12);
        for byte in Sha256::digest(&bytes).iter().take(6) {
            write!(hash, "{byte:02x}").expect("a String takes all");
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect());
        Self { hash, text }
    }
}
