//! The documents that are checked in are true, break nobody, and leave no end loose.

use clap::CommandFactory;
use starling::{
    cli::Cli,
    documents::{Documents, HEARD_OUTSIDE, Stale, loose_ends},
    flock,
};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

#[tokio::test]
async fn an_incompatible_change_of_a_schema_is_told_with_what_it_breaks() {
    let broken = Documents::of(&flock::wiring()).unwrap().broken(&folder()).unwrap();
    let advice = "these changes break who reads or writes by the schemas that are checked in";
    assert!(broken.is_empty(), "{advice}:\n  {}", broken.join("\n  "));
}

#[tokio::test]
async fn the_documents_that_are_checked_in_are_not_stale() {
    let stale = Documents::of(&flock::wiring()).unwrap().stale(&folder()).unwrap();
    let stale: Vec<String> = stale.iter().map(ToString::to_string).collect();
    assert!(stale.is_empty(), "run `starling contracts --write`:\n  {}", stale.join("\n  "));
}

#[tokio::test]
async fn every_event_has_a_consumer_and_every_consumed_message_a_producer() {
    let loose = loose_ends(&flock::wiring());
    assert!(loose.is_empty(), "{}", loose.join("\n"));
    assert!(HEARD_OUTSIDE.iter().all(|(subject, why)| !subject.is_empty() && !why.is_empty()));
}

#[tokio::test]
async fn an_event_that_nobody_hears_and_a_message_that_nobody_tells_are_found() {
    let mut flock = flock::wiring();
    flock.services.retain(|service| service.name != "inventory");
    let loose = loose_ends(&flock);
    for expected in [
        "nobody hears cmd.stock.receive",
        "nobody tells stock.reserved",
        "nobody answers req.inventory.level",
    ] {
        assert!(loose.iter().any(|found| found == expected), "{expected} is not among {loose:?}");
    }
}

#[tokio::test]
async fn a_document_that_is_missing_changed_or_left_over_is_stale_and_writing_mends_it() {
    let folder = std::env::temp_dir().join(format!("starling-documents-{}", std::process::id()));
    let documents = Documents::of(&flock::wiring()).unwrap();
    documents.write(&folder).unwrap();
    assert_eq!(documents.stale(&folder).unwrap(), []);

    fs::remove_file(folder.join("choreography.md")).unwrap();
    fs::write(folder.join("asyncapi.yaml"), "asyncapi: 2.0.0").unwrap();
    fs::write(folder.join("schemas/order.forgotten.v1.json"), "{}").unwrap();
    let stale = documents.stale(&folder).unwrap();
    let expected = [
        Stale::Different("asyncapi.yaml".into()),
        Stale::Missing("choreography.md".into()),
        Stale::Left("schemas/order.forgotten.v1.json".into()),
    ];
    assert_eq!(stale, expected);
    assert_eq!(
        documents.broken(&folder).unwrap(),
        ["schemas/order.forgotten.v1.json: no longer told or heard"]
    );

    documents.write(&folder).unwrap();
    assert_eq!(documents.stale(&folder).unwrap(), []);

    let path = folder.join("schemas/order.confirmed.v1.json");
    let promised = fs::read_to_string(&path).unwrap().replace("\"total\"", "\"sum\"");
    fs::write(&path, promised).unwrap();
    let broken = documents.broken(&folder).unwrap();
    assert!(broken.contains(&"order.confirmed.v1.json: $.sum: property removed".to_owned()), "{broken:?}");
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn each_user_may_tell_only_its_own_events_and_ask_only_what_is_its_to_ask() {
    for user in flock::users(&flock::nowhere()) {
        let name = user.user.as_str();
        let may_ask = matches!(name, "gateway" | "operator");
        let asks = user.publish.iter().any(|subject| subject.starts_with("req."));
        assert_eq!(asks, may_ask, "{name}");
        for info in contracts::MESSAGES.iter().filter(|info| info.kind == contracts::Kind::Event) {
            let tells = user.publish.iter().any(|subject| subject == info.subject);
            assert_eq!(tells, info.owner == name, "{name} and {}", info.subject);
        }
        assert!(user.publish.iter().chain(&user.subscribe).all(|subject| subject != ">"), "{name}");
    }
}

#[tokio::test]
async fn the_gateway_may_look_how_streams_and_consumers_stand_and_touch_none() {
    let users = flock::users(&flock::nowhere());
    let gateway = users.iter().find(|user| user.user == gateway::NAME).unwrap();
    let asked: Vec<&str> =
        gateway.publish.iter().filter_map(|subject| subject.strip_prefix("$JS.")).collect();
    for looked_at in ["API.STREAM.INFO.PAYMENT", "API.CONSUMER.INFO.PAYMENT.payments-log"] {
        assert!(asked.contains(&looked_at), "{looked_at} is not among {asked:?}");
    }
    for subject in asked {
        let info = ["API.STREAM.INFO.", "API.CONSUMER.INFO."].iter().any(|begin| subject.starts_with(begin));
        assert!(info && !subject.contains(['*', '>']), "{subject}");
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}
