//! What a process of the flock wrote to its log, over all its starts.

use crate::Flock;
use serde_json::Value;

/// Lines of a log.
#[derive(Debug, Clone)]
pub struct LogLines(Vec<Value>);

impl Flock {
    /// The log of a process so far.
    pub fn log(&self, process: &str) -> LogLines {
        let text = std::fs::read(self.process(process).log_path()).expect("the log can be read");
        let text = String::from_utf8_lossy(&text);
        // The last line may still be on its way.
        LogLines(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

impl LogLines {
    /// Those about calls to this outsider.
    #[must_use]
    pub fn about(mut self, outsider: &str) -> Self {
        self.0.retain(|line| line["outside"] == outsider);
        self
    }

    /// The messages, in the order in which they were written.
    pub fn messages(&self) -> Vec<&str> {
        self.0.iter().filter_map(|line| line["message"].as_str()).collect()
    }

    /// How many lines have this message.
    pub fn count(&self, message: &str) -> usize {
        self.messages().into_iter().filter(|one| *one == message).count()
    }

    /// How many lines have this text in this field.
    pub fn count_where(&self, field: &str, text: &str) -> usize {
        self.0.iter().filter(|line| line[field].as_str().is_some_and(|value| value.contains(text))).count()
    }
}
