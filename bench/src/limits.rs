//! What the machine can do at best: synced writes a second, and JetStream taking the flock's messages in batches.

use anyhow::Context;
use chassis::{
    Outgoing, Publisher, Secret, Tasks, connect,
    permissions::{Permissions, auth_block},
    provision, settings,
};
use contracts::{MessageId, OrderId, PaymentCaptured, ShipmentScheduled, StockReserved, Text};
use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// For how long each limit is measured.
const MEASURED: Duration = Duration::from_secs(4);
/// Messages of one batch.
const BATCH: usize = 256;
/// Messages that the flock publishes for one confirmed order.
pub const MESSAGES_PER_ORDER: f64 = 9.0;

/// The limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// 8 KiB written and synced, one after the other, a second.
    pub syncs: f64,
    /// Messages that JetStream acknowledges a second, in atomic batches to three streams at once, every one synced.
    pub messages: f64,
}

/// Measures both, with a server of its own.
pub async fn measure(dir: &Path) -> anyhow::Result<Limits> {
    eprintln!("measuring: the machine's limits");
    Ok(Limits { syncs: syncs(dir)?, messages: messages(dir).await? })
}

fn syncs(dir: &Path) -> anyhow::Result<f64> {
    let mut file = File::create(dir.join("syncs"))?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < MEASURED {
        file.write_all(&[7; 8192])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

async fn messages(dir: &Path) -> anyhow::Result<f64> {
    let secret = Secret::from("bench".to_owned());
    let publisher = Permissions::of("publisher", vec![">".into()]);
    let auth = auth_block(&[publisher, Permissions::of_provisioner()], &secret);
    let nats = tools::nats::start(&dir.join("limit-nats"), None, &auth)?;
    let none = Secret::from(String::new());
    let places = settings::Parts {
        nats_url: nats.url().into(),
        postgres_url: none.clone(),
        redis_url: none.clone(),
        mongodb_url: none,
        secret,
        password: None,
    };
    provision::streams(&places, &[], 1).await?;
    let (began, mut tasks) = (Instant::now(), vec![]);
    for domain in 0..3 {
        let nats = connect::nats(&places, "publisher").await?;
        tasks.push(async move {
            let running = Tasks::default();
            let publisher = Publisher::start(nats, &running);
            let mut count = 0_u32;
            while began.elapsed() < MEASURED {
                let batch = (0..BATCH).map(|_| message(domain)).collect::<Result<Vec<_>, _>>()?;
                publisher.publish(batch).await?;
                count += u32::try_from(BATCH)?;
            }
            anyhow::Ok(count)
        });
    }
    let counts = futures_util::future::try_join_all(tasks).await.context("publishing")?;
    Ok(f64::from(counts.iter().sum::<u32>()) / began.elapsed().as_secs_f64())
}

fn message(domain: u8) -> anyhow::Result<Outgoing> {
    let order_id = OrderId::from_v7(Uuid::now_v7());
    let id = MessageId::about(order_id.0, domain + 1, 0);
    Ok(match domain {
        0 => Outgoing::new(id, order_id, &StockReserved { order_id })?,
        1 => {
            let (method, amount) = (Text::new("sandbox.succeeds")?, contracts::Amount::new(3_600)?);
            let parts = vec![contracts::PaymentPart { method, amount }];
            let currency = "GBP".parse()?;
            Outgoing::new(
                id,
                order_id,
                &PaymentCaptured { order_id, attempt: 1, amount, currency, parts, surplus: false },
            )?
        }
        _ => {
            let (carrier, tracking) = (Text::new("sandbox")?, Text::new("SB0123456789")?);
            Outgoing::new(id, order_id, &ShipmentScheduled { order_id, carrier, tracking })?
        }
    })
}
