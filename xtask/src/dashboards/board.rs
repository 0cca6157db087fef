//! What a dashboard is made of.

/// A dashboard.
pub struct Board {
    /// Unique, and the file's name; links use it.
    pub uid: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What its viewer may choose, besides the data sources.
    pub variables: Vec<Variable>,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// A choice of the viewer's.
pub enum Variable {
    /// Any of a label's values, as this PromQL `label_values(…)` lists them; all by default.
    Label { name: &'static str, label: &'static str, query: &'static str },
    /// Free text.
    Text { name: &'static str, label: &'static str },
}

/// Panels under a heading.
pub struct Row {
    pub title: &'static str,
    pub panels: Vec<Panel>,
}

/// One picture.
pub struct Panel {
    pub title: &'static str,
    /// What it says, in a sentence or two.
    pub description: &'static str,
    pub kind: Kind,
    /// Grafana's name of the unit.
    pub unit: &'static str,
    pub queries: Vec<Query>,
    /// Of 24.
    pub width: u8,
    /// Why it may show nothing though all is well. It is part of the description, and what `cargo xtask lgtm` accepts.
    pub empty: Option<&'static str>,
    /// Where the picture turns orange and red.
    pub limits: Option<(f64, f64)>,
}

/// How it is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lines over time.
    Lines,
    /// Areas on top of each other.
    Stack,
    /// One number each.
    Stat,
    /// A bar each: a funnel.
    Bars,
    /// Log lines.
    Logs,
    /// A table: of traces, say.
    Table,
    /// A trace.
    Trace,
    /// Services and who speaks to whom.
    Graph,
}

/// What is asked of a store.
pub enum Query {
    /// PromQL over the time shown.
    Range { promql: String, legend: &'static str },
    /// The same, with a way to example traces.
    Exemplars { promql: String, legend: &'static str },
    /// PromQL at its end.
    Now { promql: String, legend: &'static str },
    /// LogQL.
    Logs(&'static str),
    /// TraceQL, or a trace id.
    Traces(&'static str),
    /// The service graph that Tempo makes.
    Services,
}

impl Panel {
    /// A panel of this kind, half as wide as the board.
    pub const fn new(kind: Kind, unit: &'static str, title: &'static str, description: &'static str) -> Self {
        Self { title, description, kind, unit, queries: Vec::new(), width: 12, empty: None, limits: None }
    }

    /// This wide, of 24.
    pub const fn wide(mut self, width: u8) -> Self {
        self.width = width;
        self
    }

    /// Orange and red from here on.
    pub const fn limits(mut self, orange: f64, red: f64) -> Self {
        self.limits = Some((orange, red));
        self
    }

    /// Shows nothing when …
    pub const fn empty_when(mut self, why: &'static str) -> Self {
        self.empty = Some(why);
        self
    }

    /// Asks this, too: PromQL over time.
    pub fn range(self, legend: &'static str, promql: impl Into<String>) -> Self {
        self.asks(Query::Range { promql: promql.into(), legend })
    }

    /// Asks this, too: PromQL over time, with example traces.
    pub fn exemplars(self, legend: &'static str, promql: impl Into<String>) -> Self {
        self.asks(Query::Exemplars { promql: promql.into(), legend })
    }

    /// Asks this, too: PromQL once.
    pub fn now(self, legend: &'static str, promql: impl Into<String>) -> Self {
        self.asks(Query::Now { promql: promql.into(), legend })
    }

    /// Asks this, too.
    pub fn asks(mut self, query: Query) -> Self {
        self.queries.push(query);
        self
    }
}

/// The quantile of a histogram, by these labels.
pub fn quantile(q: f64, histogram: &str, selector: &str, by: &str) -> String {
    let by = if by.is_empty() { "le".to_owned() } else { format!("le, {by}") };
    format!(
        "histogram_quantile({q}, sum by ({by}) (rate({histogram}_bucket{{{selector}}}[$__rate_interval])))"
    )
}
