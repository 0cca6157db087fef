//! The OpenAPI document, held to the gateway's real answers by an API fuzzer: Schemathesis makes requests of it, right
//! and wrong ones, and looks whether each answer is one that the document promises.

use std::{path::Path, process::Command, time::Duration};
use tests::{Flock, Shape, run_to_its_end};

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
    let mut command = Command::new(fuzzer);
    command
        .arg("run")
        .arg(format!("{}/openapi.json", flock.gateway()))
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "12"])
        .args(["--seed", "1", "--workers", "2", "--request-timeout", "30", "--continue-on-failure"])
        // Streams end when their reader does, and the fuzzer writes no files of listings; both have tests of their own.
        .args(["--exclude-path-regex", "/events$|/listings/import$", "--warnings", "off", "--no-color"])
        .current_dir(flock.folder());
    run_to_its_end(&command, &format!("fuzz-{role}"), flock.folder(), PATIENCE);
}
