//! What the nodes of NATS say of themselves and of each other, through their monitoring ports.

use contracts::STREAMS;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tests::{Flock, eventually_within};
use tools::{Server, nats_cluster::is_well};

/// Within this a node that is back has caught up, and the nodes have their leaders, on a busy machine.
const CURRENT_WITHIN: Duration = Duration::from_secs(120);
/// How long a node may take to answer; a frozen one never does.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// The nodes.
pub struct Nodes<'a> {
    pub servers: Vec<&'a Server>,
    http: reqwest::Client,
}

impl<'a> Nodes<'a> {
    pub fn of(flock: &'a Flock) -> Self {
        let http = reqwest::Client::builder().timeout(ANSWERS_WITHIN).build().expect("a client");
        Self { servers: flock.servers.nats_nodes().collect(), http }
    }

    /// The leader of a stream, or of the cluster itself (`None`), once there is one that the others know and that
    /// runs.
    pub async fn leader(&self, stream: Option<&str>) -> &'a Server {
        let mut leader = None;
        eventually_within(CURRENT_WITHIN, &format!("a leader of {stream:?}"), async || {
            for server in &self.servers {
                let Some(view) = self.view(server).await else { continue };
                let name = match stream {
                    Some(stream) => view.stream(stream).map(|stream| stream["cluster"]["leader"].clone()),
                    None => Some(view.0["meta_cluster"]["leader"].clone()),
                };
                let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
                leader = self.servers.iter().find(|server| server.name() == name && server.is_running());
                if leader.is_some() {
                    return true;
                }
            }
            false
        })
        .await;
        leader.expect("just found")
    }

    /// Makes a node the leader of a stream.
    pub async fn lead(&self, flock: &Flock, node: &Server, stream: &str) {
        let nats = flock.nats().await;
        eventually_within(CURRENT_WITHIN, &format!("{} leads {stream}", node.name()), async || {
            if self.leader(Some(stream)).await.name() == node.name() {
                return true;
            }
            let wish = format!(r#"{{"placement":{{"preferred":"{}"}}}}"#, node.name());
            let subject = format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}");
            // Refused while an election is under way.
            drop(nats.request(subject, wish.into()).await);
            false
        })
        .await;
    }

    /// Waits until every node is well, and every stream and every consumer has three copies that are up to date.
    pub async fn until_current(&self) {
        let mut missing = String::new();
        let current = async || match self.not_current().await {
            None => true,
            Some(what) => {
                missing = what;
                false
            }
        };
        let within =
            tokio::time::timeout(CURRENT_WITHIN, eventually_within(CURRENT_WITHIN * 2, "", current)).await;
        assert!(within.is_ok(), "not all copies are up to date after {CURRENT_WITHIN:?}: {missing}");
    }

    async fn not_current(&self) -> Option<String> {
        for server in &self.servers {
            if !tokio::task::block_in_place(|| is_well(server)) {
                return Some(format!("{} is not well", server.name()));
            }
            let Some(view) = self.view(server).await else {
                return Some(format!("{} says nothing", server.name()));
            };
            for stream in STREAMS {
                let Some(detail) = view.stream(stream.name) else {
                    return Some(format!("{} has no copy of {}", server.name(), stream.name));
                };
                // Only a leader knows how far the others are.
                let consumers = detail["consumer_detail"].as_array().into_iter().flatten();
                for part in std::iter::once(detail).chain(consumers) {
                    let leads = part["cluster"]["leader"] == server.name();
                    if leads && !others_are_current(part, self.servers.len() - 1) {
                        return Some(format!(
                            "as {} says, {} of {}",
                            server.name(),
                            part["cluster"],
                            part["name"]
                        ));
                    }
                }
            }
        }
        None
    }

    /// At rest: every node has the same messages.
    pub async fn assert_same_copies(&self) {
        let mut copies = BTreeMap::new();
        for server in &self.servers {
            let view = self.view(server).await.expect("it answers");
            let copy: Vec<_> = STREAMS
                .iter()
                .map(|stream| {
                    let state = &view.stream(stream.name).expect("a copy")["state"];
                    (
                        stream.name,
                        state["messages"].as_u64(),
                        state["bytes"].as_u64(),
                        state["last_seq"].as_u64(),
                    )
                })
                .collect();
            assert!(copy.iter().all(|(_, messages, ..)| messages.is_some()), "{copy:?}");
            copies.insert(server.name(), copy);
        }
        let first = copies.values().next().expect("there are nodes");
        assert!(copies.values().all(|copy| copy == first), "copies differ: {copies:#?}");
    }

    async fn view(&self, server: &Server) -> Option<View> {
        if !server.is_running() {
            return None;
        }
        let url = format!("{}/jsz?acc=$G&consumers=true", server.monitor_url().expect("NATS has one"));
        let answer = self.http.get(url).send().await.ok()?;
        Some(View(serde_json::from_slice(&answer.bytes().await.ok()?).ok()?))
    }
}

fn others_are_current(part: &Value, others: usize) -> bool {
    let replicas = part["cluster"]["replicas"].as_array().map(Vec::as_slice).unwrap_or_default();
    replicas.len() == others && replicas.iter().all(|one| one["current"] == true && one["offline"] != true)
}

/// `/jsz`.
struct View(Value);

impl View {
    fn stream(&self, name: &str) -> Option<&Value> {
        let streams = self.0["account_details"][0]["stream_detail"].as_array()?;
        streams.iter().find(|stream| stream["name"] == name)
    }
}
