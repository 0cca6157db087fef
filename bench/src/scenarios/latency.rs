//! Latency below saturation: orders come at a steady rate, whatever becomes of those before them.

use super::measure;
use crate::{bench::Bench, load::Pace, mix::Mix, results::Scenario};

/// At a share of saturation.
pub async fn at_share(bench: &mut Bench, name: &str, share: f64) -> anyhow::Result<Vec<Scenario>> {
    let rate = (bench.saturation().await? * share).max(1.0);
    at_rate(bench, name, rate).await
}

/// At so many orders a second.
pub async fn at_rate(bench: &Bench, name: &str, rate: f64) -> anyhow::Result<Vec<Scenario>> {
    let load = bench.load(Pace::Rate(rate), Mix::default());
    Ok(vec![measure(bench, name, &format!("{rate:.0} orders a second, open loop"), &load).await?])
}
