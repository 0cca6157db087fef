//! Orders of 1 to 20 lines, 10.5 on average.

use super::measure;
use crate::{bench::Bench, mix::Mix, results::Scenario};

/// Measures it.
pub async fn run(bench: &Bench) -> anyhow::Result<Vec<Scenario>> {
    let load = bench.saturated(Mix { lines: (1, 20), ..Mix::default() });
    Ok(vec![measure(bench, "lines-1-20", "saturation, orders of 1 to 20 lines", &load).await?])
}
