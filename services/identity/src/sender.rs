//! Sending what waits in the outbox.
//!
//! A mail is claimed, sent, and forgotten. A crash between the last two sends it twice, which does no harm: its token is
//! the same, and good once. Without a mail server nothing is sent, and `starling mails` shows what waits.

use crate::{
    desk::Identity,
    store::mails::{self, Mail},
};
use chassis::{Ctx, Fault, Secret, clock};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Mails that are claimed at once, and sent one after the other.
const BATCH: i64 = 10;
/// Time for one mail; all of a batch are sent before the first of them is due again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look for mails that other processes wrote, or that are due again.
const EVERY: Duration = Duration::from_secs(2);

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// Runs until told to stop.
pub async fn send(identity: Arc<Identity>, ctx: Ctx, stop: CancellationToken) {
    let Some(url) = &identity.settings.smtp_url else { return };
    let (smtp, from) = match (connection(url), identity.settings.mail_from.parse::<Mailbox>()) {
        (Ok(smtp), Ok(from)) => (smtp, from),
        (smtp, from) => {
            let (url, from) = (smtp.is_ok(), from.is_ok());
            return tracing::error!(SMTP_URL = url, MAIL_FROM = from, "no mail is sent: a setting is wrong");
        }
    };
    while !stop.is_cancelled() {
        match batch(&ctx, &smtp, &from).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
        }
        let written = tokio::time::timeout(EVERY, identity.outbox.notified());
        stop.run_until_cancelled(written).await;
    }
}

fn connection(url: &Secret) -> Result<Smtp, lettre::transport::smtp::Error> {
    Ok(Smtp::from_url(url.expose())?.timeout(Some(PATIENCE)).build())
}

/// Sends what is due; whether there may be more.
async fn batch(ctx: &Ctx, smtp: &Smtp, from: &Mailbox) -> Result<bool, Fault> {
    let due = mails::claim(&ctx.db, clock::now(), BATCH).await?;
    let full = i64::try_from(due.len()).is_ok_and(|mails| mails == BATCH);
    for mail in due {
        let outcome = tokio::time::timeout(PATIENCE, send_one(smtp, from, &mail)).await;
        match outcome.unwrap_or(Sent::Later("no answer in time".to_owned())) {
            Sent::Yes => mails::forget(&ctx.db, mail.id).await?,
            Sent::Never(why) => {
                tracing::warn!(mail_id = %mail.id, why, "a mail will never be taken, and is forgotten");
                mails::forget(&ctx.db, mail.id).await?;
            }
            Sent::Later(why) => {
                tracing::warn!(mail_id = %mail.id, tries = mail.tries, why, "a mail was not sent, it will be tried again");
            }
        }
    }
    Ok(full)
}

enum Sent {
    Yes,
    /// The server is away, busy, or does not want it now.
    Later(String),
    /// The server will not take it (a reply of 500 and above), or it cannot be written.
    Never(String),
}

async fn send_one(smtp: &Smtp, from: &Mailbox, mail: &Mail) -> Sent {
    let Ok(to) = mail.recipient.as_str().parse() else { return Sent::Never("no address".to_owned()) };
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&mail.subject)
        // Another try is the same mail to whoever looks.
        .message_id(Some(format!("<{}@starling>", mail.id)))
        .header(ContentType::TEXT_PLAIN)
        .body(mail.body.clone());
    match message {
        Ok(message) => match smtp.send(message).await {
            Ok(_) => Sent::Yes,
            Err(error) if error.is_permanent() => Sent::Never(status(&error)),
            Err(error) => Sent::Later(status(&error)),
        },
        Err(error) => Sent::Never(error.to_string()),
    }
}

/// The server's code, or what kind of failure; its words may repeat the recipient's address.
fn status(error: &lettre::transport::smtp::Error) -> String {
    let code = error.status().map(|code| code.to_string());
    code.unwrap_or_else(|| {
        if error.is_timeout() { "no answer in time" } else { "no conversation" }.to_owned()
    })
}
