//! Every word the flock says: one Rust type per event, command and request.
//!
//! Subjects, streams, versions, owners and id codes are constants on the types. The JSON Schemas, the AsyncAPI
//! document, the choreography graph, the streams, the consumers and the NATS permissions are all made from here
//! and from what each service says that it hears and tells; there is no second list.

mod account;
mod catalog;
mod envelope;
mod id;
mod message;
mod money;
mod order;
mod parts;
mod payment;
mod pricing;
mod request;
mod shipment;
mod stock;
mod stream;
mod time;
mod wiring;

pub use account::*;
pub use catalog::*;
pub use envelope::*;
pub use id::*;
pub use message::*;
pub use money::*;
pub use order::*;
pub use parts::*;
pub use payment::*;
pub use pricing::*;
pub use request::*;
pub use shipment::*;
pub use stock::*;
pub use stream::*;
pub use time::*;
pub use wiring::*;
