//! The service as it declares itself.

use clap::Parser;
use contracts::{Message, ShipmentAnswered};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    places: chassis::settings::Parts,
    #[command(flatten)]
    shipping: shipping::Settings,
}

/// Documents and permissions are made from it, so it is declared without a runtime, and connects to nothing.
#[test]
fn it_is_declared_without_a_runtime() {
    let flags = Flags::parse_from(["starling", "--carrier-calls", "8"]);
    assert_eq!(flags.shipping.carrier_calls, 8);
    let service = shipping::service(&flags.places, &flags.shipping);
    let wiring = service.wiring();
    assert_eq!((wiring.name, wiring.keeps), ("shipping", true));
    // Its own event comes back to it.
    assert!(wiring.hears.contains(&ShipmentAnswered::INFO) && wiring.tells.contains(&ShipmentAnswered::INFO));
    assert!(wiring.tells.iter().all(|message| message.owner == "shipping"));
    assert!(
        ["req.shipping.get", "req.shipping.slots"]
            .iter()
            .all(|it| wiring.answers.contains(&(*it).to_owned()))
    );
}
