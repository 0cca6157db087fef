//! Mails leave by SMTP: a real conversation on loopback.

use super::world::{World, eventually};
use chassis::Secret;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What a mail server was given: recipient and text.
type Taken = Arc<Mutex<Vec<(String, String)>>>;

/// A mail server (RFC 5321) that turns the first mail away for now, and takes all others.
async fn serve(listener: TcpListener, taken: Taken) {
    let mut first = true;
    while let Ok((stream, _)) = listener.accept().await {
        // One conversation after the other: there is one sender.
        drop(converse(stream, &taken, &mut first).await);
    }
}

async fn converse(stream: TcpStream, taken: &Taken, first: &mut bool) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await?;
    let (mut to, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word = line.trim_end().to_ascii_uppercase();
        let answer: &[u8] = if word.starts_with("RCPT") && std::mem::take(first) {
            b"451 come again\r\n"
        } else if word.starts_with("RCPT") {
            to = line.trim_end().to_owned();
            b"250 yes\r\n"
        } else if word == "DATA" {
            stream.write_all(b"354 go on\r\n").await?;
            let mut text = String::new();
            while !text.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut text).await? == 0 {
                    return Ok(());
                }
            }
            taken.lock().unwrap().push((to.clone(), text));
            b"250 taken\r\n"
        } else if word == "QUIT" {
            return stream.write_all(b"221 bye\r\n").await;
        } else {
            b"250 yes\r\n"
        };
        stream.write_all(answer).await?;
    }
}

#[tokio::test]
async fn mails_are_sent_again_until_they_are_taken_and_are_forgotten_then() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let taken = Taken::default();
    let mut server = JoinSet::new();
    server.spawn(serve(listener, taken.clone()));
    let settings = identity::Settings {
        smtp_url: Some(Secret::from(url)),
        mail_from: "Shop <shop@example.org>".to_owned(),
        ..identity::Settings::default()
    };
    let world = World::open_with(settings).await;
    let body = json!({ "email": "ann@example.org", "password": super::world::PASSWORD });
    assert_eq!(world.post("/v1/auth/register", "", &body).await.0, 202);
    let url = format!("{}/identity", world.postgres.server.url().trim_end_matches("/postgres"));
    let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    // Turned away for now, it is due again in a minute, which is over now.
    eventually("a second try is due", async || {
        let waits = "update mail set due_at = to_timestamp(0) where tries = 1";
        sqlx::query(waits).execute(&mut db).await.unwrap().rows_affected() == 1
    })
    .await;
    eventually("a mail arrives", async || !taken.lock().unwrap().is_empty()).await;
    let (to, text) = taken.lock().unwrap()[0].clone();
    assert!(to.contains("<ann@example.org>"), "{to}");
    assert!(
        text.contains("From: Shop <shop@example.org>") || text.contains("From: \"Shop\" <shop@example.org>"),
        "{text}"
    );
    assert!(text.contains("Confirm your e-mail address"), "{text}");
    // Long lines are folded on the way (RFC 2045).
    let whole = text.replace("=\r\n", "");
    let token = whole.split("/verify-email#").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(world.post("/v1/auth/verify-email", "", &json!({ "token": token })).await.0, 204);

    eventually("the outbox is empty", async || {
        let count: (i64,) = sqlx::query_as("select count(*) from mail").fetch_one(&mut db).await.unwrap();
        count.0 == 0
    })
    .await;
}
