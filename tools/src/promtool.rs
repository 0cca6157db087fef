//! promtool, built from `tools/promtool`: checks and tests alert rules.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::{errand, go};

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs promtool with these arguments in a folder.
///
/// # Errors
/// When it can't be built (there is no way to the module proxy, say), or finds something wrong; the message has the end
/// of what it printed.
pub fn run(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let program = go::build(&go::PROMTOOL, "promtool", "github.com/prometheus/prometheus/cmd/promtool")?;
    errand::run(Command::new(program).current_dir(folder).args(arguments), None, LIMIT)
}
