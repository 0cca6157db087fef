//! What happened, step by step, for those who look at a failure. Kept only when asked for.

use crate::{letter::NO_ORDER, plan::IDS};

/// The most lines that are shown.
const LINES: usize = 80;
/// The most bytes of a line.
const CHARACTERS: usize = 400;

/// All steps of a run.
#[derive(Debug, Default)]
pub struct Story(Option<Vec<(u64, u8, String)>>);

impl Story {
    /// A story that is told.
    #[must_use]
    pub const fn told() -> Self {
        Self(Some(vec![]))
    }

    /// One more line; put into words only if somebody listens.
    pub fn note(&mut self, step: u64, order: u8, words: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            let mut words = words();
            words.truncate(words.floor_char_boundary(CHARACTERS));
            lines.push((step, order, words));
        }
    }

    /// The last lines about an order, and about all of them.
    #[must_use]
    pub fn of(&self, order: u8) -> Vec<String> {
        let lines = self.0.as_deref().unwrap_or_default().iter();
        // An order's other ids, its retry's and its rival's under the same key, belong to its story.
        let concerns = |of: u8| order == NO_ORDER || of == NO_ORDER || of / IDS == order / IDS;
        let about: Vec<_> = lines.filter(|(_, of, _)| concerns(*of)).collect();
        let shown = about.iter().skip(about.len().saturating_sub(LINES));
        shown.map(|(step, _, words)| format!("#{step} {words}")).collect()
    }
}
