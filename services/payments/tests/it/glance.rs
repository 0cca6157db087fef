//! The services as others see them.

use clap::Parser;
use payments::{Settings, log_service, service};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    places: chassis::settings::Parts,
    #[command(flatten)]
    settings: Settings,
}

#[test]
fn the_services_are_declared_without_a_server_or_a_runtime() {
    let options = Options::parse_from(["payments"]);
    let payments = service(&options.places, &options.settings);
    let wiring = payments.wiring();
    assert_eq!((wiring.name, wiring.hears.len(), wiring.keeps), ("payments", 10, true));
    assert!(wiring.tells.iter().all(|event| event.owner == "payments"));
    assert!(wiring.answers.contains(&"req.payments.get".to_owned()));
    let log = log_service(&options.places.mongodb_url);
    assert_eq!((log.wiring().name, log.wiring().hears), ("payments-log", wiring.tells));
}

#[test]
fn webhooks_are_signed_with_a_secret_of_their_own_unless_one_is_given() {
    let derived = Options::parse_from(["payments", "--secret", "flock"]);
    let rules = derived.settings.rules(&derived.places);
    assert_eq!(rules.webhook_secret, chassis::signature::webhook_secret(&derived.places.secret, "sandbox"));
    let given = Options::parse_from(["payments", "--payment-webhook-secret", "whsec"]);
    assert_eq!(given.settings.rules(&given.places).webhook_secret.expose(), "whsec");
}
