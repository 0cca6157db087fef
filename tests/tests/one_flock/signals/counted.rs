//! What was counted of orders, beside what orders' own database says; also after a message came twice.

use opentelemetry_proto::tonic::metrics::v1::{
    NumberDataPoint, metric::Data, number_data_point::Value::AsInt,
};
use tests::{Flock, eventually};
use tools::collector::{Collector, Received, attribute};

type Labels = &'static [(&'static str, &'static str)];

/// A metric, the labels that count, and the same in SQL.
const BOOKS: [(&str, Labels, &str); 6] = [
    (
        "starling.orders",
        &[("status", "created")],
        "select count(*) from timeline where event = 'order.created'",
    ),
    (
        "starling.orders",
        &[("status", "confirmed"), ("reason", "none")],
        "select count(*) from timeline where event = 'order.confirmed'",
    ),
    (
        "starling.orders",
        &[("status", "cancelled"), ("reason", "declined")],
        "select count(*) from customer_order where reason->>'code' = 'declined'",
    ),
    (
        "starling.order.steps",
        &[("step", "paid")],
        "select count(*) from timeline where event = 'payment.captured'",
    ),
    (
        "starling.order.revenue",
        &[("currency", "GBP")],
        "select sum(total)::int8 from customer_order o
         where exists (select from timeline t where t.order_id = o.order_id and t.event = 'order.confirmed')",
    ),
    (
        "starling.order.refunded",
        &[("currency", "GBP")],
        "select sum((data->>'amount')::int8)::int8 from timeline where event = 'payment.refunded'",
    ),
];

/// Tells an event again that everybody has taken, once JetStream no longer knows its id.
pub async fn tell_again(flock: &Flock) {
    let jetstream = async_nats::jetstream::new(flock.nats().await);
    let stream = jetstream.get_stream("PAYMENT").await.expect("the stream is there");
    let told = stream.get_last_raw_message_by_subject("payment.captured").await.expect("one was told");
    eventually("it was told again", async || {
        let (headers, body) = (told.headers.clone(), told.payload.clone());
        let sent = jetstream.publish_with_headers("payment.captured", headers, body).await;
        let stored = sent.expect("it is sent").await.expect("it is acknowledged");
        !stored.duplicate
    })
    .await;
}

/// Waits until orders has counted the repetition, and compares: it is counted as such, and nothing twice.
pub async fn agrees(collector: &Collector, got: &mut Received, flock: &Flock) {
    let again = [("service", "orders"), ("subject", "payment.captured"), ("outcome", "journal_hit")];
    eventually("the repetition was counted", async || {
        super::trace::keep(collector, got);
        number(got, "starling.messages.consumed", &again) == 1
    })
    .await;
    let orders = flock.database("orders").await;
    for (name, labels, sql) in BOOKS {
        let booked: i64 =
            sqlx::query_scalar(sql).fetch_one(&orders).await.expect("orders' books can be read");
        assert!(booked > 0, "{name} {labels:?}: there were some");
        assert_eq!(number(got, name, labels), booked, "{name} {labels:?}");
    }
}

/// The newest sum of a counter's points that have these labels.
fn number(got: &Received, name: &str, labels: &[(&str, &str)]) -> i64 {
    let newest = got.metrics.iter().rfind(|metric| metric.name == name);
    let Some(Data::Sum(sum)) = newest.and_then(|metric| metric.data.as_ref()) else { return 0 };
    let fits = |point: &&NumberDataPoint| {
        labels.iter().all(|(label, value)| attribute(&point.attributes, label).as_deref() == Some(value))
    };
    let value = |point: &NumberDataPoint| if let Some(AsInt(number)) = point.value { number } else { 0 };
    sum.data_points.iter().filter(fits).map(value).sum()
}
