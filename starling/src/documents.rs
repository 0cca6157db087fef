//! The documents that are made from the contracts and the wiring, checked in under `contracts/`: JSON Schemas, the
//! AsyncAPI description, the picture of the choreography, the collection of requests for HTTP clients.

mod asyncapi;
mod breaks;
mod collection;
mod graph;
mod loose_ends;
mod schemas;
mod written;

pub use breaks::{Reader, breaks};
pub use loose_ends::{HEARD_OUTSIDE, loose_ends};
pub use written::{Documents, Stale};

use chassis::Wiring;

/// The services' wiring, and what the gateway, which is no service, sends and asks.
#[derive(Debug, Clone)]
pub struct Flock {
    /// Of all services.
    pub services: Vec<Wiring>,
    /// The commands that the gateway sends.
    pub gateway_sends: Vec<&'static contracts::MessageInfo>,
    /// The requests that the gateway asks.
    pub gateway_asks: Vec<String>,
}
