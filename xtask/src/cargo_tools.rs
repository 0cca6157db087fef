//! Tools that cargo does not bring: found on `PATH`, or installed once into the cache.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo;

/// Where a tool is, installed first if it must be.
///
/// The dev profile: these tools wait for files, not for the processor, and build in a third of the time.
///
/// # Errors
/// When it can't be installed.
pub fn provide(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let folder = tools::cache::folder()?.join(format!("{name}-{version}"));
    let program = folder.join("bin").join(name);
    if Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok(PathBuf::from(name));
    }
    if !program.is_file() {
        tools::step(&format!("installing {name} {version} (once)"), || {
            let mut install = cargo::cargo()?;
            install.args(["install", "--quiet", "--locked", "--debug", "--root"]).arg(&folder);
            install.arg("--target-dir").arg(folder.join("target")).args([name, "--version", version]);
            cargo::run(&mut install)?;
            std::fs::remove_dir_all(folder.join("target"))?;
            Ok(())
        })?;
    }
    Ok(program)
}
