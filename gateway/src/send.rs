//! Sending a command: durable when this returns, or the client is told that it may not be.

use crate::{
    access::Trace,
    app::App,
    problem::{Kind, Problem},
};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::Outgoing;
use contracts::{Message, MessageId};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// A command was stored. What comes of it is told by events.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sent {
    /// The command's own id: the `ce-causationid` of what follows from it.
    pub command_id: MessageId,
}

impl IntoResponse for Sent {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self)).into_response()
    }
}

impl App {
    /// Sends a command about an order, under a fresh id.
    pub async fn send<M: Message>(&self, about: Uuid, command: &M, trace: Trace) -> Result<Sent, Problem> {
        self.send_as(Uuid::now_v7(), about, command, trace).await
    }

    /// Sends a command about nothing but itself, under a fresh id.
    pub async fn send_alone<M: Message>(&self, command: &M, trace: Trace) -> Result<Sent, Problem> {
        let id = Uuid::now_v7();
        self.send_as(id, id, command, trace).await
    }

    async fn send_as<M: Message>(
        &self,
        id: Uuid,
        about: Uuid,
        command: &M,
        trace: Trace,
    ) -> Result<Sent, Problem> {
        let command_id = MessageId(id);
        let outgoing = outgoing(command_id, about, command)?.traced(trace.0);
        self.publisher.publish(vec![outgoing]).await?;
        Ok(Sent { command_id })
    }
}

/// The command, ready to be published.
pub(crate) fn outgoing<M: Message>(id: MessageId, about: Uuid, command: &M) -> Result<Outgoing, Problem> {
    Outgoing::new(id, about, command).map_err(|error| {
        tracing::error!(%error, "a command could not be written");
        Problem::new(Kind::Internal, "the cause is in the log")
    })
}
