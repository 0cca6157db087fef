//! How many requests the gateway's HTTP stack answers when there is nothing to be done.

use crate::{
    flock::Flock,
    http::Connection,
    listings,
    mix::{Mix, Random},
};
use anyhow::ensure;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Listings that are read.
pub const LISTINGS: usize = 1_000;

/// What is asked.
#[derive(Clone, Copy)]
enum Ask {
    /// `GET /health/live`: the HTTP stack alone.
    Live,
    /// One of a thousand listings.
    Listing,
    /// An order without its idempotency key: token and body are read, then it is refused.
    Refused,
}

/// Answers to `GET /health/live` a second; orders refused a second.
pub async fn measure(flock: &Flock, connections: u32, time: Duration) -> anyhow::Result<(f64, f64)> {
    Ok((
        many(flock, connections, time, Ask::Live).await?,
        many(flock, connections, time, Ask::Refused).await?,
    ))
}

/// Answers to `GET /health/live` a second, and then shows of listings a second: the one beside the other.
pub async fn measure_reads(flock: &Flock, connections: u32, time: Duration) -> anyhow::Result<(f64, f64)> {
    Ok((
        many(flock, connections, time, Ask::Live).await?,
        many(flock, connections, time, Ask::Listing).await?,
    ))
}

async fn many(flock: &Flock, connections: u32, time: Duration, ask: Ask) -> anyhow::Result<f64> {
    let (mut tasks, began) = (JoinSet::new(), Instant::now());
    for number in 0..connections {
        let connection = Connection::open(&flock.gateway).await?;
        let token = flock.tokens[usize::try_from(number)? % flock.tokens.len()].clone();
        let body = Mix::default().wish(&mut Random::new(number)).body;
        tasks.spawn(one(connection, number, token, body, began + time, ask));
    }
    let mut answers = 0_u32;
    while let Some(done) = tasks.join_next().await {
        answers += done??;
    }
    Ok(f64::from(answers) / began.elapsed().as_secs_f64())
}

/// How many answers one connection gets until the time is over.
async fn one(
    mut connection: Connection,
    number: u32,
    token: String,
    body: String,
    ends: Instant,
    ask: Ask,
) -> anyhow::Result<u32> {
    let (mut answers, mut random) = (0, Random::new(number));
    while Instant::now() < ends {
        let (expected, (status, answer)) = match ask {
            Ask::Live => (200, connection.get("/health/live", "").await?),
            Ask::Listing => (200, connection.get(&listings::path(random.below(LISTINGS)), "").await?),
            Ask::Refused => (400, connection.post("/v1/orders", &token, "", body.clone()).await?),
        };
        ensure!(status == expected, "{status} and not {expected}: {answer}");
        answers += 1;
    }
    Ok(answers)
}
