//! The environment variables this crate listens to, each read here and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

/// An environment variable's value, unless it is unset or empty.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// An environment variable that must be text to be of use.
fn text(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

/// The URL under which the user already runs a server: `NATS_URL`, `POSTGRES_URL`, ….
pub fn url(name: &str) -> Option<String> {
    text(name)
}

/// `TEST_POSTGRES_URL`: an admin URL that tests use in place of a Postgres of their own.
pub fn test_postgres_url() -> Option<String> {
    text("TEST_POSTGRES_URL")
}

/// `STARLING_KEEP`: set to keep the scratch folders of tests that passed.
pub fn keep_scratch() -> bool {
    variable("STARLING_KEEP").is_some()
}

/// Where built servers may be cached, best place first: `STARLING_CACHE`,
/// `XDG_CACHE_HOME/starling`, `HOME/.cache/starling`.
pub fn cache_candidates() -> Vec<PathBuf> {
    let own = variable("STARLING_CACHE").map(PathBuf::from);
    let xdg = variable("XDG_CACHE_HOME").map(|base| PathBuf::from(base).join("starling"));
    let home = variable("HOME").map(|home| PathBuf::from(home).join(".cache/starling"));
    [own, xdg, home].into_iter().flatten().filter(|path| path.is_absolute()).collect()
}

/// The folders in which programs are looked for: `PATH`.
pub fn path() -> Vec<PathBuf> {
    variable("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Whether the user chose where Go toolchains come from: `GOTOOLCHAIN`.
pub fn go_toolchain_is_chosen() -> bool {
    variable("GOTOOLCHAIN").is_some()
}
