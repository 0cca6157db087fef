//! The payment log, on a real server that speaks MongoDB's protocol.

use bytes::Bytes;
use chassis::{Listener, Record, Secret};
use contracts::*;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use payments::log::{COLLECTION, DATABASE, PaymentLog};
use std::time::Duration;
use uuid::Uuid;

fn record(order: OrderId) -> Record {
    let captured = PaymentCaptured {
        order_id: order,
        attempt: 1,
        amount: Amount::new(MAX_AMOUNT).unwrap(),
        currency: "GBP".parse().unwrap(),
        parts: vec![],
        surplus: false,
    };
    let info = PaymentCaptured::INFO;
    let envelope = Envelope {
        id: MessageId::about(order.0, info.code, 1),
        ce_type: info.ce_type.to_owned(),
        time: Timestamp::from_millis(1_795_000_000_123),
        about: order.0,
        causation: Some(MessageId(Uuid::now_v7())),
        trace: None,
    };
    let body = Bytes::from(write_body(&captured).unwrap());
    Record { subject: info.subject.to_owned(), envelope, body }
}

fn fresh() -> Record {
    record(OrderId::from_v7(Uuid::now_v7()))
}

#[test]
fn all_payment_events_are_kept() {
    let events: Vec<_> =
        MESSAGES.iter().filter(|m| m.subject.starts_with("payment.")).map(|m| m.name).collect();
    let heard: Vec<_> = PaymentLog::HEARS.iter().map(|m| m.name).collect();
    assert_eq!(heard, events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_there_exactly_once_however_often_it_comes() {
    let scratch = tools::scratch::Scratch::new("payment-log").unwrap();
    let place = scratch.path().to_owned();
    let server =
        tokio::task::spawn_blocking(move || tools::mongo::start(&place, None).unwrap()).await.unwrap();
    let log = PaymentLog::new(Secret::from(server.url().to_owned()));
    let (one, two, three) = (fresh(), fresh(), fresh());
    log.keep(&[]).await.unwrap();
    log.keep(&[one.clone(), two.clone()]).await.unwrap();
    // Again, with one that is new among those that are not: in the middle, so that none behind a repeat is lost.
    log.keep(&[one.clone(), three.clone(), two.clone()]).await.unwrap();
    log.keep(&[three.clone(), three]).await.unwrap();

    let client = Client::with_uri_str(server.url()).await.unwrap();
    let documents = client.database(DATABASE).collection::<Document>(COLLECTION);
    assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 3);
    let by_order = doc! { "order_id": one.envelope.about.to_string() };
    let found = documents.find_one(by_order).await.unwrap().unwrap();
    assert_eq!(found.get_str("_id").unwrap(), one.envelope.id.to_string());
    assert_eq!(found.get_str("type").unwrap(), "payment.captured.v1");
    assert_eq!(found.get_str("causation").unwrap(), one.envelope.causation.unwrap().to_string());
    assert_eq!(found.get_datetime("time").unwrap().timestamp_millis(), 1_795_000_000_123);
    let body = found.get_document("body").unwrap();
    assert_eq!((body.get_i64("amount").unwrap(), body.get_str("currency").unwrap()), (MAX_AMOUNT, "GBP"));

    // Down: an error, so that the batch comes again; up: as if nothing had been.
    let server = tokio::task::spawn_blocking(move || {
        server.kill().unwrap();
        server
    });
    let server = server.await.unwrap();
    let four = fresh();
    let down = tokio::time::timeout(Duration::from_secs(30), log.keep(std::slice::from_ref(&four))).await;
    assert!(down.expect("an answer while it is down").is_err());
    let up = move || server.start_again().map(|()| server);
    let _server = tokio::task::spawn_blocking(up).await.unwrap().unwrap();
    log.keep(&[one, four]).await.unwrap();
    assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 4);
}

/// Whatever it says, it is kept, and so are those beside it: else one message would hold the log up for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_mongodb_does_not_take_as_a_document_is_kept_as_text() {
    let scratch = tools::scratch::Scratch::new("payment-log-text").unwrap();
    let place = scratch.path().to_owned();
    let server =
        tokio::task::spawn_blocking(move || tools::mongo::start(&place, None).unwrap()).await.unwrap();
    let log = PaymentLog::new(Secret::from(server.url().to_owned()));
    let odd = [
        r#"{"a\u0000b": 1}"#,
        r#"{"$set": {"a.b": 1, "": {"$where": 18446744073709551615}}}"#,
        r#"{"order_id": "#,
        "",
        "[[1]]",
        "null",
    ];
    let mut batch: Vec<Record> = odd.map(|body| Record { body: body.into(), ..fresh() }).into();
    batch.insert(3, fresh());
    log.keep(&batch).await.unwrap();
    log.keep(&batch).await.unwrap();

    let client = Client::with_uri_str(server.url()).await.unwrap();
    let documents = client.database(DATABASE).collection::<Document>(COLLECTION);
    assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 7);
    let kept = async |record: &Record| {
        let id = record.envelope.id.to_string();
        documents.find_one(doc! { "_id": id }).await.unwrap().unwrap()
    };
    let named_oddly = kept(&batch[0]).await;
    assert_eq!(named_oddly.get_str("body").unwrap(), odd[0]);
    assert_eq!(named_oddly.get_str("order_id").unwrap(), batch[0].envelope.about.to_string());
    assert!(kept(&batch[3]).await.get_document("body").is_ok(), "the good one among them is as usual");
}
