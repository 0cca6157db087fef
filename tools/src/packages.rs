//! The distribution's packages: installed where we may, else the reasons why not.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{anyhow, bail};

use crate::file_lock::FileLock;
use crate::{cache, errand, find, progress};

/// Longest time that one call of the package manager may take.
const LIMIT: Duration = Duration::from_secs(600);

/// What `find` finds, installing `package` first when it finds nothing.
///
/// # Errors
/// Names the part, why each way failed, and the three ways to provide it.
pub fn find_or_install<T>(
    part: &str,
    find: impl Fn() -> Option<T>,
    package: &str,
    variable: &str,
) -> anyhow::Result<T> {
    if let Some(found) = find() {
        return Ok(found);
    }
    // Several tests at once must not call the package manager at once.
    let _lock = FileLock::wait(&cache::folder()?.join("packages.lock"))?;
    let why = match find().map_or_else(|| install(package), |_| Ok(())) {
        Ok(()) => match find() {
            Some(found) => return Ok(found),
            None => anyhow!("package {package} is installed, but holds no such program (or one too old)"),
        },
        Err(why) => why,
    };
    Err(missing(
        part,
        &[("a program on PATH", anyhow!("there is none that is new enough")), ("apt-get", why)],
        variable,
    ))
}

/// The error for a part that can't be had.
pub fn missing(part: &str, failed: &[(&str, anyhow::Error)], variable: &str) -> anyhow::Error {
    let reasons: String = failed.iter().map(|(way, why)| format!("\n  - {way}: {why:#}")).collect();
    anyhow!(
        "{part} can't be had:{reasons}\nThree ways to provide it:\n  1. run it yourself and set {variable} to its URL\n  \
         2. install it, so that it is found on PATH\n  3. start a Docker daemon, and use `cargo xtask up`"
    )
}

/// Installs a Debian package, if we are root and this is a Debian.
pub fn install(package: &str) -> anyhow::Result<()> {
    let Some(apt) = find::on_path("apt-get") else {
        bail!("this system has no apt-get");
    };
    if !nix::unistd::geteuid().is_root() {
        bail!("only root may install packages (`apt-get install {package}`)");
    }
    progress::step(&format!("installing {package} with apt-get"), || {
        // The list of packages may be missing or old: ask for a new one only then.
        if apt_get(&apt, &["install", "-y", "--no-install-recommends", package]).is_ok() {
            return Ok(());
        }
        apt_get(&apt, &["update"])?;
        apt_get(&apt, &["install", "-y", "--no-install-recommends", package])
    })
}

fn apt_get(apt: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(apt);
    command.args(["-q", "-o", "DPkg::Lock::Timeout=120"]).args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    errand::run(&command, None, LIMIT)
}
