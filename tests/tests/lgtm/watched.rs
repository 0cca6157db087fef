//! A flock, each service a process of its own, and the stack that watches it.

use crate::fast;
use crate::report::Report;
use crate::stores::Stores;
use std::fs;
use std::path::{Path, PathBuf};
use tests::{Flock, Shape};
use tokio::task::spawn_blocking;
use tools::Server;
use tools::lgtm::{Configuration, Lgtm};
use tools::scratch::Scratch;

/// Both. The flock is stopped first.
pub struct Watched {
    pub flock: Flock,
    pub stores: Stores,
    pub lgtm: Lgtm,
    _scratch: Scratch,
}

impl Watched {
    /// Starts the stack with the repository's own configuration and all rules, sixty times as fast; then the flock.
    pub async fn start() -> Self {
        spawn_blocking(|| {
            let scratch = Scratch::new("lgtm").expect("a folder");
            let rules = faster_rules(scratch.path());
            let variables = vec![
                ("BASELINE_PERCENT", "100".to_owned()),
                ("DECISION_WAIT", "5s".to_owned()),
                ("SCRAPE_EVERY", "10s".to_owned()),
                ("LOOKBACK", format!("{}s", fast::LOOKBACK.as_secs())),
            ];
            let configuration = Configuration { folder: observability(), rules, variables };
            let lgtm = Lgtm::start(scratch.path(), &configuration).expect("the stack starts");
            let stores = Stores::at(lgtm.mimir.url(), lgtm.loki.url(), lgtm.tempo.url());
            let watching = [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", lgtm.collector.url()),
                ("TRACE_RATIO", "1"),
                ("LOG", "chassis=debug,info"), // each decision
            ];
            let flock = Flock::start(Shape::Apart, &watching);
            Self { flock, stores, lgtm, _scratch: scratch }
        })
        .await
        .expect("both start")
    }

    /// What each part of the stack uses by now.
    pub fn note_memory(&self, report: &mut Report) {
        report.part("Memory at the end");
        let Lgtm { collector, loki, tempo, mimir, .. } = &self.lgtm;
        for server in [collector, loki, tempo, mimir] {
            let used = resident_mib(server);
            report.note(used > 0, server.name(), &format!("{used} MiB resident"));
        }
    }
}

/// The folder with the configuration.
pub fn observability() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../observability")
}

/// The rules, faster, in a folder of their own.
fn faster_rules(scratch: &Path) -> PathBuf {
    let folder = scratch.join("faster");
    fs::create_dir_all(&folder).expect("a folder");
    for file in fs::read_dir(observability().join("rules")).expect("rules") {
        let file = file.expect("a file");
        let rules = fs::read_to_string(file.path()).expect("text");
        fs::write(folder.join(file.file_name()), fast::forward(&rules)).expect("it is written");
    }
    folder
}

fn resident_mib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or_default() / 1_024
}
