//! The binary under test.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// `STARLING_BIN`, as `cargo xtask test` sets it; otherwise it is built, once.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
pub fn starling() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var("STARLING_BIN").map_or_else(|_| build(), PathBuf::from)).clone()
}

fn build() -> PathBuf {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--package", "starling"]).status();
    assert!(built.is_ok_and(|status| status.success()), "starling does not build");
    let own = std::env::current_exe().expect("a test knows its own path");
    let profile = own.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    profile.join("starling")
}
