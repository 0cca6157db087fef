//! `starling heal`: after JetStream lost its tail, tells again what the services said, and names what nobody heard.
//!
//! A stream lost its tail when it was restored from an older copy, or its disk gave up what it had promised to keep.
//! Postgres is ahead then. What services said is in their journals and is published again under the same ids; who
//! knows it already finds it in its own journal. What a customer was promised and no service ever heard is in no
//! journal: such placements are named, and the promise is taken back, so that a repetition places the order after all.
//! All of it is safe to repeat, and while the flock runs.

mod accounts;
mod commands;
mod consumers;
mod held;
mod journals;
mod log;
mod products;
mod report;

pub use report::{Lost, Report, Reset};

use crate::{flock, operator::Operator, token};
use chassis::{JournalReader, clock, connect, provision::PROVISIONER, settings};
use clap::Args;
use contracts::{STREAMS, Timestamp};
use held::Held;
use std::time::Duration;

/// Time for what is recorded to be published by its own service. What takes longer is published twice.
const ON_ITS_WAY: Duration = Duration::from_secs(3);

/// What to heal.
#[derive(Debug, Args)]
pub struct HealArgs {
    /// Only what was recorded so long ago or later, such as 2h: more than the age of the copy. Without it all that the
    /// journals have, which may take long
    #[arg(long, value_parser = token::duration)]
    pub since: Option<Duration>,
    /// Say what is missing, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Leave the gateway's memory in Redis out: lost placements are not named then
    #[arg(long)]
    pub without_redis: bool,
    /// Leave the payment log in MongoDB out: exchanges with the provider are not told again from it then
    #[arg(long)]
    pub without_log: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// The flock as the healer meets it: each service by its own user, or by one that may only look.
struct Patient {
    places: settings::Parts,
    operator: Operator,
    provisioner: connect::Nats,
    journals: Vec<JournalReader>,
    log: Option<log::PaymentLog>,
    /// From when on.
    since: Option<Timestamp>,
    dry_run: bool,
}

/// Heals, and says what was done.
///
/// # Errors
/// When a server cannot be reached or refuses. What was done by then stays done; the rest is done by the next try.
pub async fn heal(args: &HealArgs) -> anyhow::Result<Report> {
    token::needs(&args.places.secret)?;
    let patient = Patient::meet(args).await?;
    let mut report = Report::begin(args.dry_run, patient.since);
    // Before the streams are read: whatever is recorded by now is in them a moment later, or was lost.
    let spans = journals::spans(&patient.journals).await?;
    tokio::time::sleep(ON_ITS_WAY).await;
    let mut held = Held::default();
    for stream in STREAMS {
        report.consumers.extend(consumers::look(&patient, stream, &mut held).await?);
        report.held.insert(stream.name, held.count(stream.name));
    }
    journals::tell_again(&patient, &spans, &held, &mut report).await?;
    if let Some(log) = &patient.log {
        log.tell_again(&patient, &held, &mut report).await?;
    }
    products::tell_again(&patient, &held, &mut report).await?;
    accounts::tell_again(&patient, &held, &mut report).await?;
    if !args.without_redis {
        commands::name_lost(&patient, &held, &mut report).await?;
    }
    commands::find_waiting_for_webhooks(&patient, &mut report).await?;
    Ok(report)
}

impl Patient {
    async fn meet(args: &HealArgs) -> anyhow::Result<Self> {
        // One user's own password would be everybody's.
        let places = settings::Parts { password: None, ..args.places.clone() };
        let keepers = flock::wiring().services.into_iter().filter(|service| service.keeps);
        let journals = keepers.map(|service| JournalReader::open(&places, service.name));
        Ok(Self {
            operator: Operator::sign_in(&places).await?,
            provisioner: connect::nats(&places, PROVISIONER).await?,
            journals: journals.collect::<anyhow::Result<_>>()?,
            log: if args.without_log { None } else { Some(log::PaymentLog::open(&places).await?) },
            since: args.since.map(ago),
            dry_run: args.dry_run,
            places,
        })
    }

    fn journal(&self, service: &str) -> Option<&JournalReader> {
        self.journals.iter().find(|journal| journal.service() == service)
    }
}

/// So long ago.
fn ago(time: Duration) -> Timestamp {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(clock::now().millis().saturating_sub(millis))
}
