//! Builds the servers and tools that the Go modules of this folder pin, once, into the cache.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::file_lock::FileLock;
use crate::{cache, errand, find, packages, progress, settings};

/// A Go module that pins servers' sources.
pub(crate) struct Module {
    folder: &'static str,
    /// What a build depends on; another content is another build.
    sources: &'static [&'static str],
    /// What the build is told besides.
    flags: &'static [&'static str],
    /// What one program takes on a machine with nothing else to do.
    takes: &'static str,
    /// Longest time for one program, with all downloads, on a slow machine.
    limit: Duration,
}

/// Those of the parts.
pub(crate) const PARTS: Module = Module {
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/go"),
    sources: &["go.mod", "go.sum", "ferretdb/main.go"],
    flags: &[],
    takes: "about a minute",
    limit: Duration::from_secs(900),
};
/// The OpenID provider of the tests.
pub(crate) const OIDC: Module = Module {
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/oidc"),
    sources: &["go.mod", "go.sum", "main.go"],
    flags: &[],
    takes: "about a minute",
    limit: Duration::from_secs(900),
};
/// promtool, without the ways to discover targets, which are most of it.
pub(crate) const PROMTOOL: Module = Module {
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/promtool"),
    sources: &["go.mod", "go.sum"],
    flags: &["-tags=remove_all_sd", "-ldflags=-s -w"],
    takes: "about two minutes",
    limit: Duration::from_secs(1_800),
};
/// The collector with the parts that it is used with.
pub(crate) const COLLECTOR: Module = lgtm(
    concat!(env!("CARGO_MANIFEST_DIR"), "/lgtm/collector"),
    &["go.mod", "go.sum", "main.go"],
    PROMTOOL.flags,
);
/// Loki.
pub(crate) const LOKI: Module = store(concat!(env!("CARGO_MANIFEST_DIR"), "/lgtm/loki"));
/// Tempo.
pub(crate) const TEMPO: Module = store(concat!(env!("CARGO_MANIFEST_DIR"), "/lgtm/tempo"));
/// Mimir.
pub(crate) const MIMIR: Module = store(concat!(env!("CARGO_MANIFEST_DIR"), "/lgtm/mimir"));

/// A store. Each is a module of its own, since they want different versions of the same libraries.
const fn store(folder: &'static str) -> Module {
    lgtm(folder, &["go.mod", "go.sum"], &["-ldflags=-s -w"])
}

const fn lgtm(
    folder: &'static str,
    sources: &'static [&'static str],
    flags: &'static [&'static str],
) -> Module {
    Module { folder, sources, flags, takes: "about ten minutes", limit: Duration::from_secs(3_600) }
}
/// The store of objects of the tests.
pub(crate) const S3: Module = Module {
    folder: concat!(env!("CARGO_MANIFEST_DIR"), "/s3"),
    sources: &["go.mod", "go.sum", "main.go"],
    flags: &[],
    takes: "about a minute",
    limit: Duration::from_secs(900),
};

/// The first Go that fetches a newer toolchain by itself, as go.mod asks for one.
const OLDEST: (u32, u32) = (1, 21);

/// The program of this name, built from this package of the module first if it must be.
///
/// # Errors
/// When there is no Go of use, or the build fails (no way to the module proxy, say).
pub fn build(module: &Module, name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let folder = cache::folder()?.join(format!("go-{:016x}", fingerprint(module)?));
    let program = folder.join(name);
    if find::is_executable(&program) {
        return Ok(program);
    }
    let _lock = FileLock::wait(&folder.join(format!("{name}.lock")))?;
    if find::is_executable(&program) {
        return Ok(program);
    }
    let go = provide()?;
    progress::step(&format!("building {name} from its pinned Go sources (once, {})", module.takes), || {
        let unfinished = folder.join(format!("{name}.unfinished"));
        let mut command = Command::new(&go);
        command.current_dir(module.folder).args([
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-mod=readonly",
            "-o",
        ]);
        command.arg(&unfinished).args(module.flags).arg(package).env("GOWORK", "off");
        if !settings::go_toolchain_is_chosen() {
            command.env("GOTOOLCHAIN", "auto"); // some distributions turn it off
        }
        errand::run(&command, None, module.limit)?;
        fs::rename(&unfinished, &program).context("the built server can't be put into the cache")
    })?;
    Ok(program)
}

/// A Go that is new enough, installed first where we may.
fn provide() -> anyhow::Result<PathBuf> {
    if let Some(go) = find_go() {
        return Ok(go);
    }
    packages::install("golang-go").context("there is no Go of version 1.21 or later")?;
    match find_go() {
        Some(go) => Ok(go),
        None => bail!("the distribution's Go is older than 1.21"),
    }
}

fn find_go() -> Option<PathBuf> {
    let usual = [PathBuf::from("/usr/local/go/bin/go"), PathBuf::from("/usr/lib/go/bin/go")];
    let new_enough = |go: &PathBuf| find::version(go, "version").is_some_and(|version| version >= OLDEST);
    find::on_path("go").into_iter().chain(usual).filter(|go| find::is_executable(go)).find(new_enough)
}

fn fingerprint(module: &Module) -> anyhow::Result<u64> {
    let mut hasher = DefaultHasher::new();
    module.flags.iter().for_each(|flag| flag.hash(&mut hasher));
    for source in module.sources {
        let path = Path::new(module.folder).join(source);
        fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
