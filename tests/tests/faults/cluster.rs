//! NATS as three nodes, each with a copy of every stream, that are killed, frozen, restarted and wiped while orders are
//! being placed. One node may be away at any time; without two nothing is accepted, and nothing is lost.

mod facts;
mod nodes;
mod probe;

use crate::{
    selling::{BETWEEN, STOCK, Selling},
    servers::{assert_not_accepted, place},
};
use contracts::STREAMS;
use nodes::Nodes;
use probe::Probe;
use std::time::{Duration, Instant};
use tests::{Flock, Shape, eventually_within, lasting};
use tokio::{task::block_in_place, time::sleep};
use tools::{Server, nats_cluster};

/// How long a node that was killed is away.
const AWAY: Duration = Duration::from_secs(4);
/// Longer than an election (4 to 9 s), and than a client waits for a node that says nothing (9 s).
const FROZEN: Duration = Duration::from_secs(12);
/// Within this nothing is accepted any more: answers that were on their way have come.
const REFUSED_WITHIN: Duration = Duration::from_secs(30);

/// While the gateway looks for a node hundreds of customers ask again and again, each told at once that it must wait.
const PATIENT: &[(&str, &str)] = &[("RATE_PER_S", "1000"), ("RATE_ADDRESS_PER_S", "10000")];

fn kill(node: &Server) {
    block_in_place(|| node.kill()).expect("it can be killed");
}

fn start_again(node: &Server) {
    block_in_place(|| node.start_again()).expect("it starts again");
}

/// Ends like every load; then the copies of all streams are the same, and no fact was told under two ids.
async fn end(selling: Selling, probe: &Probe) {
    Nodes::of(&selling.flock).until_current().await;
    let look = async |flock: &Flock| {
        Nodes::of(flock).assert_same_copies().await;
        let repeated = facts::assert_told_under_one_id(flock).await;
        probe.report("messages stored more than once under their id", repeated);
    };
    Box::pin(selling.end_exactly_then(look)).await;
}

/// Kills who leads a stream, or the cluster itself, each in turn: so often, and for so long.
async fn kill_leaders(selling: &Selling, probe: &Probe, times: usize, long: Duration) {
    let (nodes, began) = (Nodes::of(&selling.flock), Instant::now());
    let led = [Some("COMMANDS"), None, Some("ORDER"), Some("STOCK"), Some("PAYMENT"), Some("SHIPMENT")];
    for (count, stream) in led.into_iter().cycle().enumerate() {
        if count >= times && began.elapsed() >= long {
            break;
        }
        let leader = nodes.leader(stream).await;
        let killed = Instant::now();
        kill(leader);
        probe.measures("a leader killed: an order is confirmed after").await;
        sleep(AWAY.saturating_sub(killed.elapsed())).await;
        start_again(leader);
        nodes.until_current().await;
        selling.load.accepts(BETWEEN).await;
    }
}

/// Freezes who leads the stream of orders, for longer than the others wait for it.
async fn freeze_leader(selling: &Selling, probe: &Probe) {
    let nodes = Nodes::of(&selling.flock);
    let frozen = nodes.leader(Some("ORDER")).await;
    frozen.pause().expect("it can be frozen");
    let waited = Instant::now();
    probe.measures("a leader frozen: an order is confirmed after").await;
    sleep(lasting(FROZEN, FROZEN * 3).saturating_sub(waited.elapsed())).await;
    frozen.resume().expect("it goes on");
    probe.measures("a frozen leader goes on: an order is confirmed after").await;
    nodes.until_current().await;
    selling.load.accepts(BETWEEN).await;
}

/// Kills two nodes at once: what the third has it keeps, and takes nothing.
async fn kill_two(selling: &Selling, probe: &Probe) {
    let Selling { flock, load, .. } = selling;
    let (nodes, customer) = (Nodes::of(flock), flock.customer());
    // Not of what the load sells: what has an unknown outcome may stand.
    let sku = &flock.product(STOCK).await;
    let [survivor, others @ ..] = nodes.servers.as_slice() else { panic!("there are three") };
    for node in others {
        kill(node);
    }
    // What the two had agreed to when they died is answered yet.
    eventually_within(REFUSED_WITHIN, "nothing is accepted", async || {
        let before = load.accepted();
        assert_not_accepted(&place(&customer, sku).await, &["not_stored", "unknown"]);
        load.accepted() == before
    })
    .await;
    let accepted = load.accepted();
    sleep(lasting(Duration::ZERO, AWAY * 5)).await;
    assert_not_accepted(&place(&customer, sku).await, &["not_stored", "unknown"]);
    assert_eq!(load.accepted(), accepted, "one node of three takes nothing");
    start_again(others[0]);
    probe.measures("two of three again: an order is confirmed after").await;
    start_again(others[1]);
    assert!(survivor.is_running(), "it was never away");
    nodes.until_current().await;
    load.accepts(BETWEEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_killed_and_one_frozen_and_two_nodes_away_lose_nothing() {
    let selling = Selling::begin_clustered(Shape::Together, PATIENT).await;
    let probe = Probe::of(&selling.flock, "nats cluster: nodes lost").await;
    probe.measures("nothing is away: an order is confirmed after").await;
    kill_leaders(&selling, &probe, 1, Duration::ZERO).await;
    freeze_leader(&selling, &probe).await;
    kill_two(&selling, &probe).await;
    end(selling, &probe).await;
}

/// With each service in a process, and so on a node, of its own choice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn leaders_killed_again_and_again_for_minutes_lose_nothing() {
    let selling = Selling::begin_clustered(Shape::Apart, PATIENT).await;
    let probe = Probe::of(&selling.flock, "nats cluster: leaders killed again and again").await;
    kill_leaders(&selling, &probe, 6, Duration::from_secs(240)).await;
    end(selling, &probe).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn every_leader_frozen_in_turn_loses_nothing() {
    let selling = Selling::begin_clustered(Shape::Apart, PATIENT).await;
    let probe = Probe::of(&selling.flock, "nats cluster: leaders frozen").await;
    for _ in 0..3 {
        freeze_leader(&selling, &probe).await;
    }
    end(selling, &probe).await;
}

/// As a new release of nats-server is rolled out: the next node only when the last is well again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn a_rolling_restart_of_all_nodes_loses_nothing() {
    let selling = Selling::begin_clustered(Shape::Together, PATIENT).await;
    let (nodes, probe) =
        (Nodes::of(&selling.flock), Probe::of(&selling.flock, "nats cluster: rolling restart").await);
    for lame_duck in [false, true] {
        for node in &nodes.servers {
            let (how, ended) = if lame_duck {
                ("in lame duck mode", block_in_place(|| nats_cluster::lame_duck(node)))
            } else {
                ("by SIGTERM", block_in_place(|| node.terminate()))
            };
            ended.unwrap_or_else(|error| panic!("{how}: {error:#}"));
            probe.measures(&format!("a node stopped {how}: an order is confirmed after")).await;
            start_again(node);
            nodes.until_current().await;
            selling.load.accepts(BETWEEN).await;
        }
    }
    end(selling, &probe).await;
}

/// A node that comes back with an empty disk; then the other two go, one after the other, so that what it copied counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults"]
async fn a_wiped_node_catches_up_and_serves_when_the_others_go() {
    let selling = Selling::begin_clustered(Shape::Together, PATIENT).await;
    let Selling { flock, load, .. } = &selling;
    let (nodes, probe) = (Nodes::of(flock), Probe::of(flock, "nats cluster: node wiped").await);
    for number in 0..nodes.servers.len() {
        let wiped = nodes.servers[number];
        kill(wiped);
        block_in_place(|| nats_cluster::wipe(wiped)).expect("its data can be removed");
        load.accepts(BETWEEN).await;
        let began = Instant::now();
        start_again(wiped);
        nodes.until_current().await;
        probe.report_time("a wiped node has copied all after", began.elapsed());
        load.accepts(BETWEEN).await;
        for other in nodes.servers.iter().filter(|node| node.name() != wiped.name()) {
            for stream in STREAMS {
                nodes.lead(flock, wiped, stream.name).await;
            }
            kill(other);
            probe.measures("a wiped node leads, another is killed: an order is confirmed after").await;
            sleep(AWAY).await;
            start_again(other);
            nodes.until_current().await;
        }
    }
    end(selling, &probe).await;
}
