//! A trace as it came out of the store, and whether it is whole.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One step.
#[derive(Debug)]
pub struct Span {
    pub name: String,
    pub service: String,
    parent: String,
    begin_ns: u64,
    end_ns: u64,
    failed: bool,
}

/// All of a trace, by span id.
#[derive(Debug, Default)]
pub struct Trace(pub BTreeMap<String, Span>);

impl Trace {
    /// Reads what Tempo answered.
    pub fn read(answer: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let ns = |value: &Value| text(value).parse().unwrap_or_default();
        let mut spans = BTreeMap::new();
        for batch in list(&answer["batches"]) {
            let service = list(&batch["resource"]["attributes"])
                .iter()
                .find(|one| one["key"] == "service.name")
                .map(|one| text(&one["value"]["stringValue"]))
                .unwrap_or_default();
            for span in list(&batch["scopeSpans"]).iter().flat_map(|scope| list(&scope["spans"])) {
                let read = Span {
                    name: text(&span["name"]),
                    service: service.clone(),
                    parent: text(&span["parentSpanId"]),
                    begin_ns: ns(&span["startTimeUnixNano"]),
                    end_ns: ns(&span["endTimeUnixNano"]),
                    failed: span["status"]["code"] == "STATUS_CODE_ERROR",
                };
                spans.insert(text(&span["spanId"]), read);
            }
        }
        Self(spans)
    }

    /// Who took part.
    pub fn services(&self) -> BTreeSet<&str> {
        self.0.values().map(|span| span.service.as_str()).collect()
    }

    /// Whether a step failed.
    pub fn failed(&self) -> bool {
        self.0.values().any(|span| span.failed)
    }

    /// From its first span's begin to the last one's end, in milliseconds.
    pub fn lasted_ms(&self) -> u64 {
        let begin = self.0.values().map(|span| span.begin_ns).min().unwrap_or_default();
        let end = self.0.values().map(|span| span.end_ns).max().unwrap_or_default();
        (end - begin) / 1_000_000
    }

    /// What is not as it must be: one root; nobody without a parent; no step that begins before the one that led to it,
    /// or ends before it begins; times that add up along the longest chain.
    pub fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        let roots = self.0.values().filter(|span| span.parent.is_empty()).count();
        if roots != 1 {
            flaws.push(format!("{roots} roots"));
        }
        for span in self.0.values() {
            if span.end_ns < span.begin_ns {
                flaws.push(format!("{} of {} ends before it begins", span.name, span.service));
            }
            match self.0.get(&span.parent) {
                None if span.parent.is_empty() => {}
                None => flaws.push(format!("{} of {} is an orphan", span.name, span.service)),
                Some(parent) if span.begin_ns < parent.begin_ns => {
                    flaws.push(format!("{} of {} begins before {}", span.name, span.service, parent.name));
                }
                Some(_) => {}
            }
        }
        let sum = self.longest_chain_ms();
        if flaws.is_empty() && sum.abs_diff(self.lasted_ms()) > 1 {
            flaws.push(format!("{sum} ms along the longest chain, {} ms in all", self.lasted_ms()));
        }
        flaws
    }

    /// The times along the chain that leads to the last end: each step from its begin until its successor begins.
    fn longest_chain_ms(&self) -> u64 {
        let Some(mut at) = self.0.values().max_by_key(|span| span.end_ns) else { return 0 };
        let mut sum = at.end_ns - at.begin_ns;
        while let Some(parent) = self.0.get(&at.parent) {
            sum += at.begin_ns.saturating_sub(parent.begin_ns);
            at = parent;
        }
        sum / 1_000_000
    }
}
