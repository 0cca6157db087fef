//! What the README tells a newcomer to type, typed.
#![expect(clippy::expect_used, reason = "all of this is test code: a panic is how it fails")]

use std::{fs, process::Command, time::Duration};
use tests::{Flock, Shape, run_to_its_end};

/// Longer than a newcomer's first day takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// What stands before a block that is run.
const MARK: &str = "<!-- run -->\n```sh\n";

/// The blocks that are run, one after the other in one shell.
fn blocks() -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("a README");
    let blocks: Vec<&str> =
        readme.split(MARK).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 4, "the README lost what is run of it");
    blocks.join("\n")
}

#[test]
fn the_first_day_in_the_shop_goes_as_the_readme_says() {
    let flock = Flock::start(Shape::Together, &[]);
    flock.starling(&["seed"]);
    let script = blocks().replace("http://127.0.0.1:8080", &flock.gateway());
    // Each line that fails ends it, and is shown.
    let script = format!("set -eux\nstarling() {{ \"$STARLING\" \"$@\"; }}\n{script}");
    let environment = flock.command(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).env("STARLING", environment.get_program());
    for (name, value) in environment.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    run_to_its_end(&shell, "readme", flock.folder(), PATIENCE);
}
