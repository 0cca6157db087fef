//! What was looked at, and whether it was so. All of it is looked at, also when something is not so.

use std::fmt::Write;
use std::time::Instant;

/// Where `cargo xtask lgtm` wants the report.
const FILE: &str = "STARLING_LGTM_REPORT";

/// One line for each thing that was looked at.
pub struct Report {
    began: Instant,
    text: String,
    wrong: Vec<String>,
}

impl Default for Report {
    fn default() -> Self {
        Self { began: Instant::now(), text: String::new(), wrong: vec![] }
    }
}

impl Report {
    /// Begins a table.
    pub fn part(&mut self, title: &str) {
        println!("\n{title}");
        write!(self.text, "\n### {title}\n| | what | |\n|---|---|---|\n").expect("memory");
    }

    /// Notes what was found.
    pub fn note(&mut self, is_so: bool, what: &str, detail: &str) {
        let mark = if is_so { "✓" } else { "✗" };
        println!("{:5.0} s  {mark} {what}: {detail}", self.began.elapsed().as_secs_f32());
        writeln!(self.text, "| {mark} | {what} | {} |", detail.replace('|', "\\|")).expect("memory");
        if !is_so {
            self.wrong.push(format!("{what}: {detail}"));
        }
    }

    /// Writes it down, and fails if anything was not so.
    pub fn end(self) {
        if let Some(path) = std::env::var_os(FILE) {
            std::fs::write(path, &self.text).expect("the report can be written");
        }
        assert!(self.wrong.is_empty(), "{} not so:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}
