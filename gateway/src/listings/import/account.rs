//! What became of the lines of an import.

use crate::problem::Problem;
use bytes::Bytes;
use contracts::{Put, Refusal, Slug};
use serde::Serialize;

/// The sums so far.
#[derive(Debug, Default, Serialize)]
pub(super) struct Account {
    /// Listings in the file.
    listings: usize,
    /// Those that were created or changed.
    changed: usize,
    /// Those that were so already.
    unchanged: usize,
    /// Those that were refused.
    refused: usize,
}

/// A listing that was refused.
#[derive(Debug, Serialize)]
pub(super) struct Note {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<Slug>,
    field: String,
    why: String,
}

impl Note {
    pub const fn line(&self) -> usize {
        self.line
    }
}

/// A line of the answer.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Said<'a> {
    Progress(&'a Account),
    Refused(&'a Note),
    Broken { why: String, account: &'a Account },
    Done(&'a Account),
}

impl Account {
    pub fn new(listings: usize) -> Self {
        Self { listings, ..Self::default() }
    }

    pub fn refused(&mut self, line: usize, slug: Option<Slug>, field: String, why: String) -> Note {
        self.refused += 1;
        Note { line, slug, field, why }
    }

    /// Counts an outcome.
    pub fn take(&mut self, line: usize, slug: Slug, outcome: Put) -> Option<Note> {
        match outcome {
            Put::Done { changed: true, .. } => self.changed += 1,
            Put::Done { changed: false, .. } => self.unchanged += 1,
            Put::Refused(refusal) => {
                let (field, why) = match refusal {
                    Refusal::Invalid { field, why } | Refusal::Conflict { field, why } => (field, why),
                    refusal @ (Refusal::NotFound { .. }
                    | Refusal::Stale { .. }
                    | Refusal::KeyReused
                    | Refusal::Unauthenticated { .. }
                    | Refusal::Forbidden { .. }
                    | Refusal::TooMany { .. }
                    | Refusal::Unavailable) => ("listing".to_owned(), refusal.to_string()),
                };
                return Some(self.refused(line, Some(slug), field, why));
            }
        }
        None
    }

    pub fn progress(&self) -> Bytes {
        written(&[Said::Progress(self)])
    }

    /// What was refused, then the sums.
    pub fn written(&self, notes: &[Note]) -> Bytes {
        let notes = notes.iter().map(Said::Refused);
        written(&notes.chain([Said::Progress(self)]).collect::<Vec<_>>())
    }

    /// It could not go on; what was counted is written.
    pub fn broken(&self, problem: &Problem) -> Bytes {
        written(&[Said::Broken { why: problem.detail().to_owned(), account: self }])
    }

    pub fn end(&self) -> Bytes {
        written(&[Said::Done(self)])
    }
}

fn written(said: &[Said<'_>]) -> Bytes {
    let mut lines = Vec::new();
    for one in said {
        // Numbers and texts can always be written.
        if serde_json::to_writer(&mut lines, one).is_ok() {
            lines.push(b'\n');
        }
    }
    lines.into()
}
