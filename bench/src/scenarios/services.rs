//! What each service costs: the same load, each service a process of its own.

use super::measure;
use crate::{bench::Bench, flock::Shape, mix::Mix, results::Scenario};

/// Measures it.
pub async fn run(bench: &mut Bench) -> anyhow::Result<Vec<Scenario>> {
    bench.flock.run(Shape::Apart).await?;
    let load = bench.saturated(Mix::default());
    let what = "saturation, each service a process of its own";
    Ok(vec![measure(bench, "services", what, &load).await?])
}
