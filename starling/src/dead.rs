//! `starling dead`: messages that a service gave up on: listed, shown, decided again.

use crate::operator::Operator;
use chassis::{
    DeadLetter, DeadPlace, ListDead, MOST_LISTED, Outgoing, Publisher, Redrive, ShowDead, Tasks, clock,
    list_subject, redrive_subject, settings, show_subject,
};
use clap::{Args, Subcommand};
use contracts::MessageId;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The most dead letters of a service that are listed or redriven at once.
const MOST: usize = 100_000;
/// How long a redrive may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do with dead letters.
#[derive(Debug, Args)]
pub struct DeadArgs {
    /// What.
    #[command(subcommand)]
    pub what: What,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum What {
    /// List those that were not redriven yet
    List {
        /// Only this service's
        service: Option<String>,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one, with its headers and its body (which may hold personal data)
    Show {
        /// The service that gave up
        service: String,
        /// The message's id
        id: MessageId,
    },
    /// Have one decided again, under its original id; nobody else hears it twice
    Redrive {
        /// The service that gave up
        service: String,
        /// The message's id
        #[arg(required_unless_present = "all")]
        id: Option<MessageId>,
        /// All of the service's
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

/// Does it. False when, after a redrive, some are still dead.
///
/// # Errors
/// When a service does not answer, or there is no such dead letter.
pub async fn dead(args: &DeadArgs) -> anyhow::Result<bool> {
    let nats = Operator::sign_in(&args.places).await?;
    match &args.what {
        What::List { service, json } => list(&nats, service.as_deref(), *json).await.map(|()| true),
        What::Show { service, id } => {
            let service = keeper(service)?;
            let letter: DeadLetter =
                nats.ask_on(&show_subject(service), &ShowDead { message_id: *id }).await?;
            println!("{}", serde_json::to_string_pretty(&letter)?);
            Ok(true)
        }
        What::Redrive { service, id, all: _ } => redrive(&nats, keeper(service)?, *id).await,
    }
}

async fn list(nats: &Operator, service: Option<&str>, json: bool) -> anyhow::Result<()> {
    let services = match service {
        Some(service) => vec![keeper(service)?],
        None => keepers(),
    };
    let mut letters = vec![];
    for service in services {
        letters.extend(of(nats, service).await?);
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&letters)?);
        return Ok(());
    }
    for letter in &letters {
        println!(
            "{}  {:10}  {}  {:24}  {}",
            letter.at, letter.service, letter.message_id, letter.subject, letter.error
        );
    }
    println!("{} dead letters", letters.len());
    Ok(())
}

async fn redrive(nats: &Operator, service: &'static str, id: Option<MessageId>) -> anyhow::Result<bool> {
    let ids: Vec<MessageId> = match id {
        Some(id) => vec![id],
        None => of(nats, service).await?.iter().map(|letter| letter.message_id).collect(),
    };
    // So that a wrong id is told here and not only in the service's log.
    for message_id in &ids {
        drop(
            nats.ask_on::<_, DeadLetter>(&show_subject(service), &ShowDead { message_id: *message_id })
                .await?,
        );
    }
    let commands = ids.iter().map(|id| command(service, *id)).collect::<anyhow::Result<Vec<Outgoing>>>()?;
    let tasks = Tasks::child_of(&CancellationToken::new());
    Publisher::start(nats.nats().clone(), &tasks).publish(commands).await?;
    nats.caught_up("COMMANDS", service, PATIENCE).await?;
    let still: Vec<DeadLetter> =
        of(nats, service).await?.into_iter().filter(|letter| ids.contains(&letter.message_id)).collect();
    for letter in &still {
        println!("{}  still dead: {}", letter.message_id, letter.error);
    }
    println!("{} redriven, {} of them still dead", ids.len(), still.len());
    Ok(still.is_empty())
}

/// `cmd.<service>.redrive`, under a fresh id.
fn command(service: &str, message_id: MessageId) -> anyhow::Result<Outgoing> {
    let subject = redrive_subject(service);
    let id = Uuid::now_v7();
    Ok(Outgoing {
        id: MessageId(id),
        ce_type: format!("{subject}.v1").into(),
        subject: subject.into(),
        at_millis: clock::now().millis(),
        about: id,
        causation: Some(message_id),
        trace: None,
        body: serde_json::to_vec(&Redrive { message_id })?.into(),
    })
}

/// All of a service's, page by page.
async fn of(nats: &Operator, service: &str) -> anyhow::Result<Vec<DeadLetter>> {
    let (subject, mut letters, mut after) = (list_subject(service), vec![], None);
    loop {
        let page: Vec<DeadLetter> = nats.ask_on(&subject, &ListDead { after, limit: MOST_LISTED }).await?;
        after = page.last().map(|last| DeadPlace { at: last.at, message_id: last.message_id });
        letters.extend(page);
        anyhow::ensure!(
            letters.len() <= MOST,
            "{service} has more than {MOST} dead letters: look at its table"
        );
        if after.is_none() {
            return Ok(letters);
        }
    }
}

/// The services that can give a message up and keep it.
fn keepers() -> Vec<&'static str> {
    let services = crate::flock::wiring().services;
    services
        .iter()
        .filter(|service| service.keeps && !service.hears.is_empty())
        .map(|service| service.name)
        .collect()
}

fn keeper(name: &str) -> anyhow::Result<&'static str> {
    let keepers = keepers();
    let found = keepers.iter().find(|keeper| **keeper == name);
    found
        .copied()
        .ok_or_else(|| anyhow::anyhow!("{name} keeps no dead letters; these do: {}", keepers.join(", ")))
}
