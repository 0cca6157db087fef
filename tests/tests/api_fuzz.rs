//! The OpenAPI document, held to the gateway's real answers by an API fuzzer: Schemathesis makes requests of it, right
//! and wrong ones, and looks whether each answer is one that the document promises.
#![expect(clippy::expect_used, reason = "all of this is test code: a panic is how it fails")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tests::{Flock, Shape};

/// Pinned: a new one may find more, and then it is a change of ours that takes it.
const VERSION: &str = "4.32.5";
/// Longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);
/// What every answer is held to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";

#[test]
fn every_answer_is_one_that_the_openapi_document_promises() {
    let fuzzer = tools::python::provide("schemathesis", VERSION).expect("the fuzzer");
    // One address stands for many, and one caller too.
    let rates = ["RATE_ADDRESS_PER_S", "RATE_PER_S", "RATE_BURST", "RATE_AUTH_PER_MIN", "RATE_WRITE_PER_MIN"]
        .map(|name| (name, "100000"));
    let flock = Flock::start(Shape::Together, &rates);
    flock.starling(&["seed"]);
    for role in ["admin", "customer"] {
        fuzz(&flock, &fuzzer, role);
    }
}

fn fuzz(flock: &Flock, fuzzer: &Path, role: &str) {
    let token = flock.starling(&["token", "--role", role]);
    let path = flock.folder().join(format!("fuzz-{role}.log"));
    let log = fs::File::create(&path).expect("a log");
    let mut command = Command::new(fuzzer);
    command
        .arg("run")
        .arg(format!("{}/openapi.json", flock.gateway()))
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "12"])
        .args(["--seed", "1", "--workers", "2", "--request-timeout", "30", "--continue-on-failure"])
        // Streams end when their reader does, and the fuzzer writes no files of listings; both have tests of their own.
        .args(["--exclude-path-regex", "/events$|/listings/import$", "--warnings", "off", "--no-color"])
        .current_dir(flock.folder())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log);
    let mut child = command.spawn().expect("the fuzzer can be started");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the fuzzer can be waited for") {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().expect("the fuzzer can be ended");
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(status.success(), "as {role}: {status}\n{found}");
}
