//! Calls cargo in this workspace.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

/// The checkout.
pub fn root() -> anyhow::Result<PathBuf> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask is a folder of the workspace")?;
    Ok(root.to_owned())
}

/// Cargo, to be run in the checkout: the one that runs us, where it says so.
pub fn cargo() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()?);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_us(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    Ok(command)
}

/// Whether cargo set this variable to tell a program about its own package. Build scripts that look at them (`ring`'s)
/// would run again, and all that depends on them be built again, each time when cargo is called by us and not by hand.
fn is_about_us(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| variable.starts_with(prefix))
}

/// Runs the command with our own output, to its end.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("{shown} can't be started"))?;
    ensure!(status.success(), "{shown} failed ({status})");
    Ok(())
}

/// A command as one would type it.
pub fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    [program.to_string_lossy().into_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

/// Builds the binary `starling`, if it is not up to date, and says where it is.
pub fn build_starling(release: bool) -> anyhow::Result<PathBuf> {
    let mut build = cargo()?;
    build.args(["build", "--package", "starling", "--bin", "starling"]);
    build.arg("--message-format=json-render-diagnostics");
    if release {
        build.arg("--release");
    }
    let mut child = build.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cargo")?;
    let messages = BufReader::new(child.stdout.take().context("it is piped")?);
    let mut found = None;
    for line in messages.lines() {
        found = executable(&line?).or(found);
    }
    let status = child.wait()?;
    match found {
        Some(path) if status.success() => Ok(path),
        Some(_) | None => bail!("{} failed ({status})", show(&build)),
    }
}

/// Where the binary `starling` is, if this message of cargo's says it.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let is_starling = message["target"]["name"] == "starling";
    is_starling.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_about_this_program_is_not_said_to_the_cargo_that_it_calls() {
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some(), "these tests are run by cargo");
        let command = cargo().unwrap();
        let removed: Vec<&str> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .filter_map(|(name, _)| name.to_str())
            .collect();
        assert!(
            removed.contains(&"CARGO_PKG_NAME") && removed.contains(&"CARGO_MANIFEST_DIR"),
            "{removed:?}"
        );
        assert!(!removed.contains(&"CARGO_TARGET_DIR") && !removed.contains(&"CARGO_HOME"), "{removed:?}");
    }
}
