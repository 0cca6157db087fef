//! Each alert in the fault it is for: it fires, and it ends when the fault is over. Faults of servers and of those
//! outside are here, those of books and of the stack itself below.

mod books;
mod stack;

use crate::report::Report;
use crate::watched::Watched;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::{Flock, Load, Order, Outsider, Temper};
use tokio::task::block_in_place;
use tokio::time::sleep;
use tools::Process;

/// How long an alert may take until it fires: ranges, `for`, and how often metrics leave.
const FIRES_WITHIN: Duration = Duration::from_secs(240);
/// How long until it ends: six minutes are the longest range that must be good again.
const ENDS_WITHIN: Duration = Duration::from_secs(540);
/// How often to ask.
const PAUSE: Duration = Duration::from_secs(2);
/// Of what is sold: more than is ever ordered.
const STOCK: i64 = 1_000_000;
/// Orders a second, when it matters only that there are some.
const SOME: u32 = 5;
/// Orders a second that make more messages than a consumer may lag behind.
const MANY: u32 = 30;

/// Goes through all faults but the last, which stops the flock.
pub async fn all(watched: &Watched, report: &mut Report) {
    report.part("Alerts: each in the fault it is for");
    let (rules, failed) = watched.stores.rules().await.unwrap_or_default();
    let said = format!("{rules} rules {}", failed.into_iter().collect::<Vec<_>>().join("; "));
    report.note(rules > 30 && said.ends_with(' '), "the ruler can evaluate every rule", &said);

    books::all(watched, report).await;
    stack::all(watched, report).await;
    // Paid orders have no deadline to wait for: after a minute they are stuck.
    one_outside(watched, report, Outsider::Carrier, "CarrierDown", &["OrdersStuck"], &[]).await;
    let late = ["SettlementFastBurn", "SettlementSlowBurn"];
    one_outside(watched, report, Outsider::Provider, "PaymentProviderDown", &[], &late).await;
    a_log_that_cannot_be_written(watched, report).await;
    a_message_that_cannot_be_stored(watched, report).await;
    a_service_that_is_killed(watched, report).await;
    nats_killed(watched, report).await;
}

/// Waits until an alert fires.
async fn fires(watched: &Watched, report: &mut Report, alert: &str, fault: &str) {
    let (is_so, took) = becomes(watched, alert, true, FIRES_WITHIN).await;
    report.note(is_so, &format!("{alert} fires"), &format!("{fault}: {took} s"));
}

/// Waits until an alert does not fire any more.
async fn ends(watched: &Watched, report: &mut Report, alert: &str, mended: &str) {
    let (is_so, took) = becomes(watched, alert, false, ENDS_WITHIN).await;
    report.note(is_so, &format!("{alert} ends"), &format!("{mended}: {took} s"));
}

async fn becomes(watched: &Watched, alert: &str, firing: bool, limit: Duration) -> (bool, u64) {
    let began = Instant::now();
    loop {
        let now = watched.stores.firing().await;
        let is_so = now.is_ok_and(|now| now.contains(alert) == firing);
        if is_so || began.elapsed() > limit {
            return (is_so, began.elapsed().as_secs());
        }
        sleep(PAUSE).await;
    }
}

/// Sells, this many a second.
async fn selling(flock: &Flock, per_s: u32) -> Load {
    let sku = flock.product(STOCK).await;
    Load::begin(flock, &sku, per_s)
}

/// Somebody outside is not reached while orders come; with what else fires meanwhile, and what once they go on.
async fn one_outside(
    watched: &Watched,
    report: &mut Report,
    who: Outsider,
    alert: &str,
    meanwhile: &[&str],
    after: &[&str],
) {
    let load = selling(&watched.flock, SOME).await;
    load.accepts(10).await;
    watched.flock.temper(who, Temper { down: true, ..Temper::default() }).await;
    let fault = format!("{} is down", who.name());
    fires(watched, report, alert, &fault).await;
    for alert in meanwhile {
        fires(watched, report, alert, &fault).await;
    }
    watched.flock.temper(who, Temper::default()).await;
    for alert in after {
        fires(watched, report, alert, "orders are settled late").await;
    }
    ends(watched, report, alert, "it is back").await;
    for alert in meanwhile {
        ends(watched, report, alert, "orders go on").await;
    }
    load.end().await;
}

/// MongoDB is away: the payment log falls behind, and stands still once nothing more comes.
async fn a_log_that_cannot_be_written(watched: &Watched, report: &mut Report) {
    let mongo = &watched.flock.servers.mongo;
    let load = selling(&watched.flock, MANY).await;
    block_in_place(|| mongo.kill()).expect("it can be killed");
    fires(watched, report, "ConsumerLagGrowing", "MongoDB is killed while orders come").await;
    load.end().await;
    fires(watched, report, "ConsumerStandsStill", "and no more orders come").await;
    ends(watched, report, "ConsumerLagGrowing", "what waits does not become more").await;
    block_in_place(|| mongo.start_again()).expect("it starts again");
    ends(watched, report, "ConsumerStandsStill", "MongoDB is back").await;
}

/// Shipping cannot store one order.
async fn a_message_that_cannot_be_stored(watched: &Watched, report: &mut Report) {
    const BREAK: &str = "alter table destination add constraint an_accident check (address ->> 'city' <> 'Nowhere') not valid";
    const MEND: &str = "alter table destination drop constraint an_accident";
    let flock = &watched.flock;
    let (customer, sku) = (flock.customer(), flock.product(10).await);
    let db = flock.database("shipping").await;
    sqlx::query(BREAK).execute(&db).await.expect("the table is changed");
    let order = customer.place(&Order::of(&sku, 1).with("/address/city", json!("Nowhere"))).await;
    fires(watched, report, "DeadLetters", "shipping cannot store an order").await;
    sqlx::query(MEND).execute(&db).await.expect("the table is changed");
    let (done, said) = block_in_place(|| flock.redrive("shipping", "--all"));
    report.note(done, "the dead letter is redriven", said.trim());
    customer.until(&order, "confirmed").await;
    ends(watched, report, "DeadLetters", "it was redriven").await;
}

async fn a_service_that_is_killed(watched: &Watched, report: &mut Report) {
    let inventory = watched.flock.process("inventory");
    kill(inventory);
    fires(watched, report, "ServiceSilent", "inventory is killed").await;
    inventory.start_again().expect("it starts again");
    ends(watched, report, "ServiceSilent", "it is back").await;
}

/// The gateway can store nothing, and says 503.
async fn nats_killed(watched: &Watched, report: &mut Report) {
    let load = selling(&watched.flock, SOME).await;
    load.accepts(10).await;
    let nats = &watched.flock.servers.nats;
    kill(nats);
    for alert in ["GatewayFastBurn", "GatewaySlowBurn"] {
        fires(watched, report, alert, "NATS is killed while orders come").await;
    }
    block_in_place(|| nats.start_again()).expect("it starts again");
    for alert in ["GatewayFastBurn", "GatewaySlowBurn"] {
        ends(watched, report, alert, "NATS is back").await;
    }
    // By now the provider has been back for longer than any of their ranges.
    late_orders_end(watched, report).await;
    load.end().await;
}

/// No alert about late orders is left, unless orders are late: a busy machine is slow by itself.
async fn late_orders_end(watched: &Watched, report: &mut Report) {
    for (alert, ratio, allowed) in [
        ("SettlementFastBurn", "slo:settlement_late:ratio_rate30m", 6.0 * 0.001),
        ("SettlementSlowBurn", "slo:settlement_late:ratio_rate6h", 0.001),
    ] {
        let (ended, took) = becomes(watched, alert, false, Duration::from_secs(60)).await;
        if ended {
            report.note(
                true,
                &format!("{alert} ends"),
                &format!("orders are settled at once again: {took} s"),
            );
            continue;
        }
        let late = watched.stores.last(ratio).await.unwrap_or_default();
        let said = format!("{:.2} % of the orders took longer than a second meanwhile", late * 100.0);
        report.note(late > allowed, &format!("{alert} goes on, and rightly so"), &said);
    }
}

/// The whole flock ends; and is started again.
pub async fn silence(watched: &Watched, report: &mut Report) {
    report.part("The last alert");
    let processes: Vec<&Process> = watched.flock.processes.values().collect();
    block_in_place(|| processes.iter().try_for_each(|process| process.terminate().map(drop)))
        .expect("they stop");
    fires(watched, report, "FlockSilent", "the whole flock is stopped").await;
    for process in processes {
        process.start_again().expect("it starts again");
    }
    ends(watched, report, "FlockSilent", "it runs again").await;
}

fn kill(process: &Process) {
    block_in_place(|| process.kill()).expect("it can be killed");
}
