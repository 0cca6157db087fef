//! Programs of Python's package index, each in an environment of its own in the cache, installed once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::file_lock::FileLock;
use crate::{cache, errand, find, packages, progress};

/// Longest time for one package with all that it needs.
const LIMIT: Duration = Duration::from_secs(600);

/// The program of this name from the package of the same name in this version, installed first if it must be.
///
/// # Errors
/// When there is no Python with `venv`, or the package can't be had.
pub fn provide(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let folder = cache::folder()?.join(format!("{name}-{version}"));
    let program = folder.join("bin").join(name);
    let whole = folder.join("whole");
    let _lock = FileLock::wait(&folder.with_extension("lock"))?;
    if whole.is_file() && find::is_executable(&program) {
        return Ok(program);
    }
    progress::step(&format!("installing {name} {version} (once)"), || {
        let mut environment = Command::new("python3");
        environment.args(["-m", "venv", "--clear"]).arg(&folder);
        if errand::run(&environment, None, LIMIT).is_err() {
            packages::install("python3-venv").context("there is no Python 3 with venv")?;
            errand::run(&environment, None, LIMIT)?;
        }
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", &format!("{name}=={version}")]);
        errand::run(&pip, None, LIMIT)?;
        fs::write(&whole, version)?;
        Ok(())
    })?;
    Ok(program)
}
