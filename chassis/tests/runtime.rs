//! The runtime on real NATS and Postgres: batches, poison, redrive, repeats, restarts, permissions.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod toy;

use chassis::{DeadLetter, DeadPlace, ListDead, redrive_subject};
use contracts::{MessageId, Refusal};
use toy::{Toy, eventually};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_taken_told_and_journalled_exactly_once() {
    let toy = Toy::new().await;
    let replica = toy.start().await;
    toy.adjust((0..1_000).map(|_| ("apple", 1, "count"))).await;
    eventually("all told", async || toy.messages("STOCK").await == 1_000).await;
    assert_eq!(toy.sum("apple").await, 1_000);
    assert_eq!(toy.count("select count(*) from journal").await, 1_000);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_57th_message_is_poison_and_hurts_only_itself() {
    let toy = Toy::new().await;
    for (nth, reason) in [(57, "panic"), (58, "impossible"), (59, "count")] {
        // The last one is refused by the database: the sum would be insane.
        let delta = |n| if n == nth && reason == "count" { 10_000_000 } else { 1 };
        toy.adjust((0..200).map(|n| ("pear", delta(n), if n == nth { reason } else { "count" }))).await;
    }
    let replica = toy.start().await;
    eventually("the good are told", async || toy.messages("STOCK").await == 597).await;
    eventually("the bad are told", async || toy.messages("DEAD").await == 3).await;
    assert_eq!(toy.sum("pear").await, 597);
    let errors = "select string_agg(error, '; ' order by error) from dead_letter";
    let errors: String = sqlx::query_scalar(errors).fetch_one(&toy.db).await.unwrap();
    assert!(errors.contains("the toy panics"), "{errors}");
    assert!(errors.contains("the toy was told so"), "{errors}");
    assert!(errors.contains("total_is_sane"), "{errors}");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_json_is_a_dead_letter_and_a_redrive_after_the_fix_settles_it_once() {
    let toy = Toy::new().await;
    let replica = toy.start().await;
    let jetstream = async_nats::jetstream::new(toy.tester.client.clone());
    jetstream.publish("cmd.stock.adjust", "{".into()).await.unwrap().await.unwrap();
    toy.adjust([("plum", 1, "count"), ("plum", 1, "impossible")]).await;
    eventually("both buried", async || toy.messages("DEAD").await == 2).await;
    assert_eq!(toy.sum("plum").await, 1);

    let letters = list(&toy).await;
    assert_eq!(letters.len(), 2);
    let letter = letters.iter().find(|letter| letter.error.contains("told so")).unwrap();
    // The fix: the message's reason is no longer impossible. (In life the program is mended, not the letter.)
    sqlx::query("update dead_letter set body = replace(convert_from(body, 'UTF8'), 'impossible', 'count')::bytea where message_id = $1")
        .bind(letter.message_id.0)
        .execute(&toy.db)
        .await
        .unwrap();
    for _ in 0..2 {
        redrive(&toy, letter.message_id).await;
    }
    eventually("told", async || toy.messages("STOCK").await == 2).await;
    eventually("taken off the list", async || list(&toy).await.len() == 1).await;
    assert_eq!(toy.sum("plum").await, 2, "redriven twice, applied once");
    replica.stop().await;
}

async fn list(toy: &Toy) -> Vec<DeadLetter> {
    let first = page(toy, None).await;
    let Some(last) = first.last() else { return first };
    let after = DeadPlace { at: last.at, message_id: last.message_id };
    assert_eq!(page(toy, Some(after)).await.len(), 0, "nothing comes after the last");
    first
}

async fn page(toy: &Toy, after: Option<DeadPlace>) -> Vec<DeadLetter> {
    let ask = serde_json::to_vec(&ListDead { after, limit: 10 }).unwrap();
    let reply = toy.tester.client.request(chassis::list_subject(toy.name), ask.into()).await.unwrap();
    serde_json::from_slice::<Result<_, Refusal>>(&reply.payload).unwrap().unwrap()
}

async fn redrive(toy: &Toy, message_id: MessageId) {
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Nats-Msg-Id", Uuid::now_v7().to_string());
    let body = serde_json::to_vec(&chassis::Redrive { message_id }).unwrap();
    let jetstream = async_nats::jetstream::new(toy.tester.client.clone());
    jetstream
        .publish_with_headers(redrive_subject(toy.name), headers, body.into())
        .await
        .unwrap()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_work_and_the_sum_is_right() {
    let toy = Toy::new().await;
    let (one, two) = (toy.start().await, toy.start().await);
    for _ in 0..10 {
        toy.adjust((0..300).map(|_| ("fig", 1, "count"))).await;
    }
    eventually("all told", async || toy.messages("STOCK").await == 3_000).await;
    assert_eq!(toy.sum("fig").await, 3_000);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_stop_one_after_the_other_leave_nothing_to_be_delivered_again() {
    let toy = Toy::new().await;
    let mut replica = toy.start().await;
    for _ in 0..5 {
        let next = toy.start().await;
        let told = toy.messages("COMMANDS").await;
        let stopping = async {
            // In the middle of what comes.
            eventually("some came", async || toy.messages("COMMANDS").await > told + 40).await;
            replica.stop().await;
        };
        let coming = async {
            for _ in 0..50 {
                toy.adjust((0..4).map(|_| ("lime", 1, "count"))).await;
            }
        };
        tokio::join!(stopping, coming);
        replica = next;
    }
    eventually("all told", async || toy.messages("STOCK").await == 1_000).await;
    // What is delivered again gets a new number.
    assert_eq!(toy.deliveries("COMMANDS").await, 1_000);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_finds_its_journal_row_and_is_told_under_the_same_id() {
    let toy = Toy::new().await;
    let replica = toy.start().await;
    toy.adjust((0..50).map(|_| ("date", 1, "count"))).await;
    eventually("all told", async || toy.messages("STOCK").await == 50).await;
    replica.stop().await;
    // Every acknowledgement is forgotten: the consumer begins again.
    let jetstream = async_nats::jetstream::new(toy.tester.client.clone());
    let stream = jetstream.get_stream("COMMANDS").await.unwrap();
    stream.delete_consumer(toy.name).await.unwrap();
    chassis::provision::streams(&toy.places, &[toy::service(toy.name).wiring()], 1).await.unwrap();
    let replica = toy.start().await;
    toy.adjust([("date", 1, "count")]).await;
    eventually("the new one told", async || toy.messages("STOCK").await == 51).await;
    assert_eq!(toy.sum("date").await, 51);
    assert_eq!(toy.count("select count(*) from journal").await, 51);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_and_postgres_are_killed_and_come_back_and_nothing_is_lost() {
    let toy = Toy::new().await;
    let replica = toy.start().await;
    toy.adjust((0..300).map(|_| ("kiwi", 1, "count"))).await;
    for server in [toy.postgres.clone(), toy.nats.clone()] {
        let killed = server.clone();
        tokio::task::spawn_blocking(move || killed.kill()).await.unwrap().unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        tokio::task::spawn_blocking(move || server.start_again()).await.unwrap().unwrap();
        eventually("connected", async || {
            toy.tester.client.connection_state() == async_nats::connection::State::Connected
        })
        .await;
        toy.adjust((0..300).map(|_| ("kiwi", 1, "count"))).await;
    }
    eventually("all taken", async || toy.sum("kiwi").await == 900).await;
    eventually("all told", async || toy.messages("STOCK").await == 900).await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_refuses_what_the_wiring_does_not_say() {
    let toy = Toy::new().await;
    let own = chassis::connect::nats(&toy.places, toy.name).await.unwrap();
    let jetstream = async_nats::jetstream::new(own.client.clone());
    let told = jetstream.publish("stock.level_changed", "{}".into()).await.unwrap().await;
    assert!(told.is_ok(), "its own event: {told:?}");
    for foreign in [
        "order.created",
        "stock.reserved",
        "cmd.order.place",
        "req.orders.get",
        "$JS.API.STREAM.DELETE.ORDER",
    ] {
        let refused = own.client.request(foreign, "{}".into()).await;
        assert!(refused.is_err(), "{foreign} must be refused");
    }
    assert_eq!(toy.messages("ORDER").await, 0);
    let other = own.client.subscribe("_INBOX_tester.>").await;
    if let Ok(mut other) = other {
        toy.tester.client.publish("_INBOX_tester.secret", "x".into()).await.unwrap();
        let heard = tokio::time::timeout(
            std::time::Duration::from_millis(500),
            futures_util::StreamExt::next(&mut other),
        )
        .await;
        assert!(!matches!(heard, Ok(Some(_))), "another's inbox was overheard");
    }
    let foreign_database = chassis::connect::database(&toy.places, toy.name, 1).unwrap();
    let to_admin = sqlx::query("select 1 from pg_authid").execute(&foreign_database).await;
    assert!(to_admin.is_err(), "the service's database user is no superuser");
}
