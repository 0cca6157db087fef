//! One order of each kind: its traces are whole, and its log lines are found by them.

use crate::report::Report;
use crate::trace::Trace;
use crate::watched::Watched;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::{Order, eventually_within};

/// How long the stores may take until they have what was sent.
const THERE_WITHIN: Duration = Duration::from_secs(60);
/// The services through which an order goes that ends well.
const ALL: [&str; 5] = ["gateway", "orders", "inventory", "payments", "shipping"];

/// Orders that dashboards can be asked about.
pub struct Orders {
    pub order: String,
    pub trace: String,
}

/// Places them, and follows each through the stores.
pub async fn follow(watched: &Watched, report: &mut Report) -> Orders {
    report.part("Traces and logs of one order of each kind");
    let flock = &watched.flock;
    let (customer, sku) = (flock.customer(), flock.product(1_000).await);

    let confirmed = customer.place_confirmed(&Order::of(&sku, 1)).await;
    flock.say(&confirmed, "dispatched").await;
    customer.until(&confirmed, "dispatched").await;
    flock.say(&confirmed, "delivered").await;
    customer.until(&confirmed, "completed").await;
    let declined = customer.place(&Order::of(&sku, 1).paid_by("sandbox.declined")).await;
    customer.until(&declined, "cancelled").await;
    let cancelled = customer.place_confirmed(&Order::of(&sku, 1)).await;
    customer.cancel(&cancelled).await;
    customer.until(&cancelled, "cancelled").await;
    flock.until_event(&cancelled, "payment.refunded").await;
    let short = customer.place(&Order::of(&sku, 100_000)).await;
    customer.until(&short, "cancelled").await;

    let mut found = Vec::new();
    for (what, order, services) in [
        ("confirmed", &confirmed, ALL.as_slice()),
        ("declined", &declined, &ALL),
        ("cancelled by its customer", &cancelled, &ALL),
        ("out of stock", &short, &["gateway", "orders", "inventory", "shipping"]),
    ] {
        found.push(one(watched, report, what, order, services).await);
    }
    Orders { order: confirmed, trace: found.swap_remove(0) }
}

/// Follows one order; the id of its first trace.
async fn one(watched: &Watched, report: &mut Report, what: &str, order: &str, services: &[&str]) -> String {
    let query = format!("{{ span.order.id = \"{order}\" }}");
    let wanted: BTreeSet<&str> = services.iter().copied().collect();
    let (mut main, mut id, mut others, mut flaws, mut last) = (Trace::default(), String::new(), 0, vec![], 0);
    let whole = async || {
        let traces = watched.stores.traces(&query).await.unwrap_or_default();
        (main, others, flaws) = (Trace::default(), traces.len().saturating_sub(1), vec![]);
        let mut spans = 0;
        for (trace_id, root) in &traces {
            let trace = Trace::read(&watched.stores.trace(trace_id).await.unwrap_or_default());
            flaws.extend(trace.flaws().into_iter().map(|flaw| format!("{root}: {flaw}")));
            spans += trace.0.len();
            if root.starts_with("POST /v1/orders") {
                (main, id) = (trace, trace_id.clone());
            }
        }
        // It is all there once it does not grow any more.
        let is_whole = wanted.is_subset(&main.services()) && flaws.is_empty() && spans == last;
        last = spans;
        if !is_whole {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        is_whole
    };
    let in_time = tokio::time::timeout(THERE_WITHIN, wait(whole)).await.is_ok();
    let missing: Vec<_> = wanted.difference(&main.services()).copied().map(ToOwned::to_owned).collect();
    let detail = format!(
        "{} spans of {} services in {} ms{}{}{}; whole, too: {others} later ones about it",
        main.0.len(),
        main.services().len(),
        main.lasted_ms(),
        if main.failed() { ", with a failed step" } else { "" },
        if missing.is_empty() { String::new() } else { format!("; without {}", missing.join(", ")) },
        if flaws.is_empty() { String::new() } else { format!("; {}", flaws.join("; ")) },
    );
    report.note(in_time, &format!("the trace of an order that is {what} is whole"), &detail);

    let by_trace = format!("{{service_namespace=\"starling\"}} | trace_id=\"{id}\"");
    let mut lines = 0;
    let found = async || {
        lines = watched.stores.lines(&by_trace).await.unwrap_or_default().len();
        lines > 0
    };
    let in_time = tokio::time::timeout(THERE_WITHIN, wait(found)).await.is_ok();
    let said = format!("{lines} lines");
    report.note(in_time, &format!("the logs of an order that is {what} are found by its trace"), &said);
    id
}

/// Asks until it is so.
async fn wait(is_so: impl AsyncFnMut() -> bool) {
    eventually_within(THERE_WITHIN * 2, "whole", is_so).await;
}
