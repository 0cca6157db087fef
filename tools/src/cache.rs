//! The folder, outside the checkout where possible, that keeps what takes long to make.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;

use crate::settings;

/// The cache folder: the first that can be written to of `STARLING_CACHE`,
/// `XDG_CACHE_HOME/starling`, `HOME/.cache/starling`, and the workspace's `target/starling-cache`.
///
/// # Errors
/// When not even the last one can be made.
pub fn folder() -> anyhow::Result<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let last = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/starling-cache");
    FOUND
        .get_or_init(|| settings::cache_candidates().into_iter().chain([last]).find(|path| is_writable(path)))
        .clone()
        .context("no folder for the cache can be written to; set STARLING_CACHE to one that can")
}

/// Whether a file can be made in the folder, which is made first if need be.
fn is_writable(folder: &Path) -> bool {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe))
        .is_ok()
}
