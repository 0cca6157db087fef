//! What the README tells a newcomer to type, typed.
#![expect(clippy::expect_used, reason = "all of this is test code: a panic is how it fails")]

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tests::{Flock, Shape};

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
    let output = fs::File::create(flock.folder().join("readme.log")).expect("a log");
    let mut shell = flock.command(&[]);
    let starling = shell.get_program().to_owned();
    let environment: Vec<_> =
        shell.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    shell = Command::new("bash");
    shell.args(["-c", &script]).env("STARLING", starling).stdin(Stdio::null());
    for (name, value) in environment {
        shell.env(name, value.unwrap_or_default());
    }
    shell.stdout(output.try_clone().expect("a log")).stderr(output);
    let mut child = shell.spawn().expect("bash can be started");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("bash can be waited for") {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().expect("bash can be ended");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let log = fs::read_to_string(flock.folder().join("readme.log")).unwrap_or_default();
    assert!(status.success(), "{status}\n{log}");
}
