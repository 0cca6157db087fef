//! How many SKUs share the orders: one, whose row every batch locks, or a thousand.

use super::measure;
use crate::{bench::Bench, mix::Mix, results::Scenario};

/// Measures it.
pub async fn run(bench: &Bench, name: &str, skus: usize) -> anyhow::Result<Vec<Scenario>> {
    let load = bench.saturated(Mix { skus, ..Mix::default() });
    Ok(vec![measure(bench, name, &format!("saturation, {skus} SKUs"), &load).await?])
}
