//! `GET /v1/flock`: who tells what to whom, as the services declare it.

use crate::{NAME, SENDS, app::App};
use axum::{Json, extract::State};
use chassis::{Wiring, graph, provision};
use contracts::{Kind, MESSAGES, stream_of};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// The choreography.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Graph {
    /// All services, and the gateway.
    pub services: Vec<&'static str>,
    /// All messages.
    pub subjects: Vec<Subject>,
    /// Who listens to which streams.
    pub consumers: Vec<Consumer>,
}

/// A message.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Subject {
    /// Its subject.
    pub subject: &'static str,
    /// The stream that keeps it.
    pub stream: &'static str,
    /// Whether it is a wish rather than a fact.
    pub command: bool,
    /// The service that tells the event, or that hears the command.
    pub owner: &'static str,
    /// Who sends it: a service, or the gateway.
    pub told_by: Vec<&'static str>,
    /// The services that hear it.
    pub heard_by: Vec<&'static str>,
}

/// A service's durable consumer on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Consumer {
    /// The service.
    pub service: &'static str,
    /// The stream.
    pub stream: &'static str,
}

impl Graph {
    pub fn of(flock: &[Wiring]) -> Self {
        let subjects = MESSAGES.iter().filter_map(|info| {
            Some(Subject {
                subject: info.subject,
                stream: stream_of(info.subject)?.name,
                command: info.kind == Kind::Command,
                owner: info.owner,
                told_by: graph::senders(flock, (NAME, SENDS), info),
                heard_by: graph::hearers(flock, info),
            })
        });
        let consumers = flock.iter().flat_map(|wiring| {
            let streams = provision::consumers(wiring).into_keys();
            streams.map(|stream| Consumer { service: wiring.name, stream })
        });
        Self {
            services: [NAME].into_iter().chain(flock.iter().map(|wiring| wiring.name)).collect(),
            subjects: subjects.collect(),
            consumers: consumers.collect(),
        }
    }
}

pub(crate) async fn graph(State(app): State<Arc<App>>) -> Json<Graph> {
    Json(app.admin.graph.clone())
}
