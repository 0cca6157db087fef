//! Finds programs that are already on this machine, and asks them for their version.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::settings;

/// The first executable file of this name on `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    settings::path().into_iter().map(|folder| folder.join(name)).find(|path| is_executable(path))
}

/// Whether this is a file that can be run.
pub fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Major and minor version, as `program argument` prints it.
pub fn version(program: &Path, argument: &str) -> Option<(u32, u32)> {
    let output = Command::new(program).arg(argument).output().ok()?;
    first_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first word of the text that looks like a version, whatever letters stand before it:
/// `nats-server: v2.15.2`, `postgres (PostgreSQL) 15.18`, `17beta1` (a version 17.0), `go1.26.8`.
fn first_version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let digits = word.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        let mut numbers = digits.split('.');
        let major = leading_number(numbers.next()?)?;
        let minor = numbers.next().and_then(leading_number).unwrap_or(0);
        Some((major, minor))
    })
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::first_version;

    #[track_caller]
    fn check(text: &str, expected: Option<(u32, u32)>) {
        assert_eq!(first_version(text), expected, "{text}");
    }

    #[test]
    fn versions_are_read_as_programs_print_them() {
        check("nats-server: v2.15.2", Some((2, 15)));
        check("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some((15, 18)));
        check("postgres (PostgreSQL) 19beta1", Some((19, 0)));
        check("go version go1.26.8 linux/amd64", Some((1, 26)));
        check("no version at all", None);
    }
}
