//! What the machine can do at best, with nothing of the flock around.

pub mod gateway;
mod jetstream;
mod postgres;
mod syncs;

use crate::{bench::Bench, results::Limits};

/// Orders whose messages or rows are written together.
pub const BATCH_ORDERS: usize = 333;

/// Measures all of them. The flock's processes, which would disturb, are stopped on the way.
#[expect(clippy::cast_precision_loss, reason = "an order has few messages")]
pub async fn measure(bench: &mut Bench) -> anyhow::Result<Limits> {
    let (time, connections) = (bench.plan.limit_time(), bench.plan.connections);
    let templates = bench.templates().await?;
    eprintln!("measuring: limit of the gateway's HTTP stack");
    let (http_live_s, http_refused_s) = gateway::measure(&bench.flock, connections, time).await?;
    bench.flock.stop();
    eprintln!("measuring: limit of the disk's syncs");
    let syncs_s = syncs::measure(bench.flock.data.dir(), time)?;
    eprintln!("measuring: limit of Postgres");
    let postgres_orders_s = Box::pin(postgres::measure(&bench.flock, &templates, time)).await?;
    eprintln!("measuring: limit of JetStream");
    let jetstream_orders_s = jetstream::measure(bench.flock.data.dir(), &templates, time).await?;
    let messages_per_order = templates.messages_per_order() as f64;
    Ok(Limits {
        syncs_s,
        postgres_orders_s,
        jetstream_orders_s,
        messages_per_order,
        http_live_s,
        http_refused_s,
    })
}
