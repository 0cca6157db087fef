//! stub
use std::time::Duration;
use uuid::Uuid;
/// A step of a trace.
pub struct Step;
impl Step {
    /// For what follows.
    #[must_use]
    pub fn traceparent(&self) -> String {
        String::new()
    }
}
/// Continues.
#[must_use]
pub fn continue_trace(
    _parent: Option<&str>,
    _name: &'static str,
    _service: &'static str,
    _subject: &str,
    _order: Option<Uuid>,
) -> Option<Step> {
    None
}
/// Counts.
pub fn consumed(_service: &'static str, _subject: &str, _outcome: &'static str, _n: usize) {}
/// Counts.
pub fn batch(_service: &'static str, _messages: usize, _took: Duration) {}
/// Counts.
pub fn published(_service: &'static str, _how: &'static str, _n: usize, _took: Duration) {}
/// Counts.
pub fn dead(_service: &'static str) {}
/// Counts.
pub fn called(_outside: &'static str, _outcome: &'static str) {}
