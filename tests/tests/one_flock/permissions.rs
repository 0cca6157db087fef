//! Least privilege, enforced by the servers: what no service may do is refused to its own user.

use async_nats::{Client, Event};
use contracts::{Kind, MESSAGES, STREAMS};
use futures_util::StreamExt;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::time::Duration;
use tests::Flock;
use tokio::sync::mpsc;

/// The services with their NATS users.
const SERVICES: [&str; 7] =
    ["orders", "inventory", "payments", "payments-log", "shipping", "catalog", "gateway"];
/// Who keeps a database, under a user of the same name.
const DATABASES: [&str; 7] =
    ["orders", "inventory", "payments", "shipping", "catalog", "sandbox_provider", "sandbox_carrier"];
/// Nobody but these may send commands, and only these commands.
const TIMERS: [(&str, &str); 1] = [("orders", "cmd.order.expire")];
/// How long a refusal may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Signed in as a user, with everything that the server complains about.
struct Intruder {
    nats: Client,
    complaints: mpsc::UnboundedReceiver<String>,
}

impl Intruder {
    async fn signed_in_as(flock: &Flock, user: &str) -> Self {
        let (tell, complaints) = mpsc::unbounded_channel();
        let password = flock.secret().derive("nats", user).expose().to_owned();
        let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password)
            .custom_inbox_prefix(chassis::connect::inbox_prefix(user))
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    drop(tell.send(error.to_string().to_lowercase()));
                }
                std::future::ready(())
            });
        let nats = options.connect(flock.servers.nats.url()).await.expect("the user exists");
        Self { nats, complaints }
    }

    /// The server must complain about this.
    async fn until_refused(&mut self, what: &str, subject: &str) {
        let refused = format!("permissions violation for {what} to \"{subject}\"").to_lowercase();
        loop {
            let complaint = tokio::time::timeout(PATIENCE, self.complaints.recv()).await;
            let complaint = complaint.unwrap_or_else(|_| panic!("not refused: {what} to {subject}"));
            if complaint.is_some_and(|complaint| complaint.contains(&refused)) {
                return;
            }
        }
    }

    async fn cannot_publish(&mut self, subject: &str) {
        self.nats.publish(subject.to_owned(), MARK.into()).await.expect("sent");
        self.nats.flush().await.expect("flushed");
        self.until_refused("publish", subject).await;
    }

    async fn cannot_listen(&mut self, subject: &str) {
        let _deaf = self.nats.subscribe(subject.to_owned()).await.expect("sent");
        self.nats.flush().await.expect("flushed");
        self.until_refused("subscription", subject).await;
    }
}

/// The body of everything that must not come through.
const MARK: &str = "\"an intruder was here\"";

/// What a service may publish on the flock's streams; written down here, not taken from the code that grants it.
fn may_tell(service: &str, kind: Kind, subject: &str, owner: &str) -> bool {
    match kind {
        Kind::Event => service == owner,
        Kind::Command if service == "gateway" => !TIMERS.iter().any(|(_, command)| *command == subject),
        Kind::Command => TIMERS.contains(&(service, subject)),
    }
}

#[tokio::test]
async fn a_service_that_tells_anothers_event_or_command_is_refused() {
    let flock = Flock::shared_by_all().await;
    let mut tap = flock.tap(&[">"]).await;
    let mut refused = 0;
    for service in SERVICES {
        let mut intruder = Intruder::signed_in_as(flock, service).await;
        for message in MESSAGES.iter().filter(|m| !may_tell(service, m.kind, m.subject, m.owner)) {
            intruder.cannot_publish(message.subject).await;
            refused += 1;
        }
        for another in SERVICES.iter().filter(|another| **another != service) {
            intruder.cannot_publish(&format!("dead.{another}")).await;
            intruder.cannot_publish(&format!("cmd.{another}.redrive")).await;
        }
    }
    assert!(refused > 200, "seven services and some forty messages: {refused}");
    // What is allowed comes through, so the tap would have heard the rest.
    let tester = flock.nats().await;
    tester.publish("test.end", "end".into()).await.expect("sent");
    tester.flush().await.expect("flushed");
    tap.until("the end", |passed| passed.subject == "test.end").await;
    assert!(tap.with(MARK).is_empty(), "{:?}", tap.with(MARK));
}

#[tokio::test]
async fn a_service_that_asks_another_is_refused() {
    let flock = Flock::shared_by_all().await;
    let questions = contracts::requests();
    let asks: Vec<&str> = questions.iter().map(|(subject, ..)| *subject).collect();
    for service in SERVICES.iter().filter(|service| **service != "gateway") {
        let mut intruder = Intruder::signed_in_as(flock, service).await;
        for subject in &asks {
            intruder.cannot_publish(subject).await;
        }
    }
    // The gateway may ask, but not what is the operator's.
    let mut gateway = Intruder::signed_in_as(flock, "gateway").await;
    for subject in ["req.orders.stuck", "req.orders.copied", "req.orders.dead_list", "req.payments.dead_show"]
    {
        gateway.cannot_publish(subject).await;
    }
}

#[tokio::test]
async fn nobody_reads_anothers_inbox_answers_in_its_place_or_listens_to_all() {
    let flock = Flock::shared_by_all().await;
    for service in SERVICES {
        let mut intruder = Intruder::signed_in_as(flock, service).await;
        for another in SERVICES.iter().filter(|another| **another != service) {
            intruder.cannot_listen(&format!("{}.>", chassis::connect::inbox_prefix(another))).await;
            intruder.cannot_listen(&format!("req.{another}.>")).await;
        }
        for subject in [">", "_INBOX.>", "order.>", "payment.captured", "cmd.>", "$JS.>"] {
            intruder.cannot_listen(subject).await;
        }
    }
}

#[tokio::test]
async fn nobody_but_the_provisioner_touches_streams_and_consumers() {
    let flock = Flock::shared_by_all().await;
    let users = SERVICES.iter().chain(["operator"].iter());
    for user in users {
        let mut intruder = Intruder::signed_in_as(flock, user).await;
        for stream in STREAMS {
            for api in
                ["STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE", "STREAM.CREATE", "STREAM.MSG.DELETE"]
            {
                intruder.cannot_publish(&format!("$JS.API.{api}.{}", stream.name)).await;
            }
        }
        intruder.cannot_publish("$JS.API.CONSUMER.DELETE.ORDER.inventory").await;
        intruder.cannot_publish("$JS.API.CONSUMER.CREATE.ORDER.spy").await;
        intruder.cannot_publish("$JS.API.CONSUMER.DURABLE.CREATE.ORDER.spy").await;
    }
}

#[tokio::test]
async fn a_service_takes_no_messages_from_anothers_consumer() {
    let flock = Flock::shared_by_all().await;
    for (consumer, stream) in [("inventory", "ORDER"), ("payments", "COMMANDS"), ("orders", "COMMANDS")] {
        for service in SERVICES.iter().filter(|service| **service != consumer) {
            let mut intruder = Intruder::signed_in_as(flock, service).await;
            intruder.cannot_publish(&format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}")).await;
            intruder.cannot_publish(&format!("$JS.ACK.{stream}.{consumer}.1.1.1.1.0")).await;
        }
    }
}

#[tokio::test]
async fn the_provisioner_tells_no_events_and_asks_nobody() {
    let flock = Flock::shared_by_all().await;
    let mut intruder = Intruder::signed_in_as(flock, "provisioner").await;
    for message in MESSAGES {
        intruder.cannot_publish(message.subject).await;
    }
    intruder.cannot_publish("req.orders.get").await;
}

#[tokio::test]
async fn nobody_comes_in_without_a_password() {
    let flock = Flock::shared_by_all().await;
    let url = flock.servers.nats.url();
    assert!(async_nats::connect(url).await.is_err(), "without a user");
    for user in SERVICES {
        let options = async_nats::ConnectOptions::with_user_and_password(user.into(), "wrong".into());
        assert!(options.connect(url).await.is_err(), "{user} with a wrong password");
        // A password is each user's own.
        let anothers = flock.secret().derive("nats", "another").expose().to_owned();
        let options = async_nats::ConnectOptions::with_user_and_password(user.into(), anothers);
        assert!(options.connect(url).await.is_err(), "{user} with another's password");
    }
}

/// Connects to a database as a user; what the server says if it refuses.
async fn connect(flock: &Flock, user: &str, database: &str) -> Result<(), String> {
    let password = flock.secret().derive("postgres", user).expose().to_owned();
    let options: PgConnectOptions = flock.servers.postgres.url().parse().expect("a URL");
    let options = options.username(user).password(&password).database(database);
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
    match pool.connect_with(options).await {
        Ok(pool) => {
            sqlx::query("select 1").execute(&pool).await.map_err(|error| error.to_string())?;
            pool.close().await;
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn a_service_that_connects_to_anothers_database_is_refused() {
    let flock = Flock::shared_by_all().await;
    for user in DATABASES {
        assert_eq!(connect(flock, user, user).await, Ok(()), "{user} may use its own");
        for database in DATABASES.iter().filter(|database| **database != user) {
            let refusal = connect(flock, user, database).await.expect_err("refused");
            assert!(refusal.contains("permission denied for database"), "{user} at {database}: {refusal}");
        }
    }
}

#[tokio::test]
async fn a_database_user_is_no_superuser_and_makes_no_databases() {
    let flock = Flock::shared_by_all().await;
    let admin = flock.database("postgres").await;
    for user in DATABASES {
        let rights: (bool, bool, bool, bool) = sqlx::query_as(
            "select rolsuper, rolcreatedb, rolcreaterole, rolreplication from pg_roles where rolname = $1",
        )
        .bind(user)
        .fetch_one(&admin)
        .await
        .expect("the user exists");
        assert_eq!(rights, (false, false, false, false), "{user}");
    }
}

#[tokio::test]
async fn a_service_still_hears_what_is_its_own() {
    // The other side of all the refusals above: the same users work.
    let flock = Flock::shared_by_all().await;
    let operator = Intruder::signed_in_as(flock, "operator").await;
    let question = serde_json::json!({"grace_s": 60, "limit": 1}).to_string();
    let answer = operator.nats.request("req.orders.stuck", question.into()).await.expect("an answer");
    assert!(
        serde_json::from_slice::<serde_json::Value>(&answer.payload)
            .is_ok_and(|answer| answer["Ok"].is_array())
    );
    let gateway = Intruder::signed_in_as(flock, "gateway").await;
    let mut live = gateway.nats.subscribe("live.order.*").await.expect("sent");
    gateway.nats.flush().await.expect("flushed");
    let sku = flock.product(1).await;
    let order = flock.customer().place_confirmed(&tests::Order::of(&sku, 1)).await;
    let heard = async {
        while let Some(message) = live.next().await {
            if message.subject.as_str().ends_with(&order) {
                return true;
            }
        }
        false
    };
    assert_eq!(tokio::time::timeout(PATIENCE, heard).await, Ok(true));
}
