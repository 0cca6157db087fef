//! What an operator does about accounts, past the front door.

use crate::operator::Operator;
use anyhow::Context;
use chassis::settings::Parts;
use clap::Args;
use contracts::{Email, ListMails, MakeAdmin, RotateKeys};
use std::fmt::Write;

/// Whom to make an admin.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// The e-mail address of an account that is there
    #[arg(long)]
    pub email: String,
    /// Where the flock's parts are.
    #[command(flatten)]
    pub places: Parts,
}

/// Makes somebody an admin; all of their sessions end, so that no token says otherwise.
///
/// # Errors
/// When there is no such account, or identity does not answer.
pub async fn admin(args: &AdminArgs) -> anyhow::Result<String> {
    let email = Email::new(&args.email).context("--email")?;
    let user = Operator::sign_in(&args.places).await?.ask(&MakeAdmin { email }).await?;
    Ok(format!("{} is an admin\n", user.user_id))
}

/// Which mails to show.
#[derive(Debug, Args)]
pub struct MailsArgs {
    /// Only to this address
    #[arg(long)]
    pub to: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 10)]
    pub limit: u32,
    /// Where the flock's parts are.
    #[command(flatten)]
    pub places: Parts,
}

/// Shows the mails that wait, the newest first.
///
/// # Errors
/// When mails are sent instead, or identity does not answer.
pub async fn mails(args: &MailsArgs) -> anyhow::Result<String> {
    let to = args.to.as_deref().map(Email::new).transpose().context("--to")?;
    let mails = Operator::sign_in(&args.places).await?.ask(&ListMails { to, limit: args.limit }).await?;
    let mut shown = String::new();
    for mail in mails {
        let (to, body) = (mail.to.as_str(), mail.body.expose());
        writeln!(shown, "{} to {to}\n{}\n\n{body}\n", mail.at, mail.subject)?;
    }
    Ok(shown)
}

/// Where identity is.
#[derive(Debug, Args)]
pub struct RotateKeysArgs {
    /// Where the flock's parts are.
    #[command(flatten)]
    pub places: Parts,
}

/// Has a new signing key made.
///
/// # Errors
/// When identity does not answer.
pub async fn rotate_keys(args: &RotateKeysArgs) -> anyhow::Result<String> {
    let key = Operator::sign_in(&args.places).await?.ask(&RotateKeys {}).await?;
    Ok(format!("key {} is published, and signs in ten minutes\n", key.kid))
}
