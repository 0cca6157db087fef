//! The command line.

use crate::{
    accounts::{self, AdminArgs, MailsArgs, RotateKeysArgs},
    audit::{self, AuditArgs},
    contracts_command::{self, ContractsArgs},
    dead::{self, DeadArgs},
    heal::{self, HealArgs},
    import::{self, ImportArgs},
    provision::{self, NatsAuthArgs, ProvisionArgs},
    replay::{self, ReplayArgs},
    run::{self, RunArgs},
    sandbox_pay::{self, SandboxPayArgs},
    seed::{self, SeedArgs},
    stuck::{self, StuckArgs},
    timeline::{self, TimelineArgs},
    token::{self, PasswordArgs, TokenArgs},
};
use chassis::telemetry;
use clap::{Parser, Subcommand};

/// Starling: an order-to-delivery backbone. Runs the flock or any part of it, and is its operator's tool.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole flock, or parts of it, until SIGTERM or SIGINT
    Run(Box<RunArgs>),
    /// Make streams, consumers, database users, databases and tables; safe to repeat
    Provision(ProvisionArgs),
    /// Print the authorization block for nats-server: a user for each service, with least privilege
    NatsAuth(NatsAuthArgs),
    /// Print a development token
    Token(TokenArgs),
    /// Print a user's own secret, for a process that is not given the flock's
    Password(PasswordArgs),
    /// Make the owner of an account an admin: the way to the first one
    Admin(AdminArgs),
    /// Show the mails that wait where no mail server is set
    Mails(MailsArgs),
    /// Have identity make a new key that signs tokens, as soon as every gateway knows it
    RotateKeys(RotateKeysArgs),
    /// Put a small shop in; prints the body of an order for it
    Seed(SeedArgs),
    /// Do what the bank would do about a pending sandbox payment, and send its webhook
    SandboxPay(SandboxPayArgs),
    /// Make products and stock from a retailer's invoices
    Import(ImportArgs),
    /// Place a retailer's invoices as orders, and wait until all are settled; exit code 1 if one is not
    Replay(ReplayArgs),
    /// Show what happened to an order, who did it and because of what: another entry by its number, or a message that `orders`
    /// does not hear
    Timeline(TimelineArgs),
    /// List, show or redrive messages that a service gave up on
    Dead(DeadArgs),
    /// Check what must always hold, over all services; exit code 1 and the offenders when a law is broken
    Audit(AuditArgs),
    /// After JetStream lost its tail: tell again what the services said, and name the orders that nobody heard of; exit code
    /// 1 if there are any
    Heal(HealArgs),
    /// List orders that sit in a state past its deadline; exit code 1 if there are any
    Stuck(StuckArgs),
    /// Write or check the documents that are made from the contracts
    Contracts(ContractsArgs),
}

impl Cli {
    /// Does it. False when it was done and found something wrong.
    ///
    /// # Errors
    /// When it could not be done.
    pub async fn execute(self) -> anyhow::Result<bool> {
        match self.command {
            Command::Run(args) => Box::pin(run::run(*args)).await.map(|()| true),
            Command::Provision(args) => provision::provision(&args).await.map(|()| true),
            Command::NatsAuth(args) => provision::nats_auth(&args).map(print),
            Command::Token(args) => token::token(&args).map(|token| print(token + "\n")),
            Command::Password(args) => token::password(&args).map(|own| print(own + "\n")),
            Command::Admin(args) => accounts::admin(&args).await.map(print),
            Command::Mails(args) => accounts::mails(&args).await.map(print),
            Command::RotateKeys(args) => accounts::rotate_keys(&args).await.map(print),
            Command::Seed(args) => seed::seed(&args).await.map(|order| print(format!("{order:#}\n"))),
            Command::SandboxPay(args) => sandbox_pay::sandbox_pay(&args).await.map(|()| true),
            Command::Import(args) => {
                let imported = import::import(&args).await?;
                if args.json {
                    print(serde_json::to_string_pretty(&imported)? + "\n");
                } else {
                    imported.print();
                }
                Ok(true)
            }
            Command::Replay(args) => {
                let summary = Box::pin(replay::replay(&args)).await?;
                if args.json {
                    print(serde_json::to_string_pretty(&summary)? + "\n");
                } else {
                    summary.print();
                }
                Ok(summary.is_good())
            }
            Command::Timeline(args) => timeline::timeline(&args).await.map(|()| true),
            Command::Dead(args) => dead::dead(&args).await,
            Command::Audit(args) => {
                let telemetry = telemetry::start_measuring(args.otlp_endpoint.as_deref(), "audit")?;
                let report = Box::pin(audit::audit(&args)).await?;
                report.measure();
                telemetry.shutdown().await;
                if args.json {
                    print(serde_json::to_string_pretty(&report)? + "\n");
                } else {
                    report.print();
                }
                Ok(report.holds())
            }
            Command::Heal(args) => {
                let report = Box::pin(heal::heal(&args)).await?;
                if args.json {
                    print(serde_json::to_string_pretty(&report)? + "\n");
                } else {
                    report.print();
                }
                Ok(report.is_whole())
            }
            Command::Stuck(args) => stuck::stuck(&args).await,
            Command::Contracts(args) => contracts_command::contracts(&args).map(|()| true),
        }
    }
}

/// All is well, and this is what was asked for.
fn print(text: String) -> bool {
    print!("{text}");
    true
}
