//! One order in ten is cancelled by its customer as soon as it is accepted: wherever it is by then, it is settled once
//! it is cancelled.

use super::measure;
use crate::{bench::Bench, mix::Mix, results::Scenario};

/// One order in so many.
const ONE_IN: usize = 10;

/// Measures it.
pub async fn run(bench: &Bench) -> anyhow::Result<Vec<Scenario>> {
    let load = bench.saturated(Mix { cancelled_one_in: ONE_IN, ..Mix::default() });
    let what = "saturation, one order in ten is cancelled by its customer";
    Ok(vec![measure(bench, "cancels", what, &load).await?])
}
