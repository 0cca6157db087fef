//! `starling sandbox-pay`: what the customer's bank would do about a pending payment, and its webhook.

use crate::gateway_client::{As, Ask, Door, GatewayClient};
use axum::http::Method;
use chassis::{connect, settings};
use clap::{Args, ValueEnum};
use contracts::OrderId;
use payments::sandbox::{self, Settlement};

/// What the bank does.
#[derive(Debug, Args)]
pub struct SandboxPayArgs {
    /// The order whose payment is pending
    pub order: OrderId,
    /// What becomes of it
    #[arg(value_enum)]
    pub outcome: Outcome,
    /// The gateway.
    #[command(flatten)]
    pub door: Door,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
    /// What the webhook is signed with.
    #[command(flatten)]
    pub payments: payments::Settings,
}

/// What becomes of a pending payment.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Outcome {
    /// The customer paid
    Captured,
    /// The bank says no
    Declined,
    /// The customer took too long
    Expired,
}

/// Settles the order's last charge in the sandbox's books, and posts the webhook.
///
/// # Errors
/// When there is no pending charge, or the gateway refuses the webhook.
pub async fn sandbox_pay(args: &SandboxPayArgs) -> anyhow::Result<()> {
    let books = connect::database(&args.places, sandbox::DATABASE, 1)?;
    let outcome = match args.outcome {
        Outcome::Captured => Settlement::Captured,
        Outcome::Declined => Settlement::Declined,
        Outcome::Expired => Settlement::Expired,
    };
    let secret = args.payments.rules(&args.places).webhook_secret;
    let webhook = sandbox::settle(&books, &secret, &args.order.to_string(), outcome).await?;
    let gateway = GatewayClient::new(&args.door, &args.places.secret)?;
    let ask = Ask {
        method: Method::POST,
        path: "/v1/payments/webhook/sandbox",
        headers: &[("Starling-Signature", webhook.signature.as_str())],
        body: Some(webhook.body.clone()),
        by: As::Service,
    };
    let answer = gateway.send(&ask).await?;
    println!("{}: {}", answer.status, webhook.body);
    Ok(())
}
