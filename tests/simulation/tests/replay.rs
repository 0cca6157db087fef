//! A seed is the whole truth: it replays to the same, by types as by bytes, and a failure says all that is needed.

use simulation::{Mutant, Options, many, one, told};

#[test]
fn a_seed_replays_identically() {
    for seed in 0..200 {
        let run = || one(seed, &Options::default()).map_err(|failure| failure.to_string());
        assert_eq!(run(), run(), "seed {seed}");
    }
    assert_eq!(told(7, &Options::default()), told(7, &Options::default()));
    let hash = |seed| one(seed, &Options::default()).map(|run| run.hash).unwrap();
    assert_ne!(hash(7), hash(8));
}

#[test]
fn messages_as_bytes_by_the_wiring_come_to_the_same_as_messages_as_types() {
    for seed in 0..300 {
        let run = |bytes| told(seed, &Options { bytes: Some(bytes), ..Options::default() });
        assert_eq!(run(true), run(false), "seed {seed}");
    }
}

#[test]
fn a_failure_says_the_law_the_story_and_how_to_run_it_again() {
    let options = Options { mutant: Mutant::NoTombstoneInventory, ..Options::default() };
    let failure = many(0..20_000, 1, &options, |_| {}).failure.expect("it is found");
    let text = failure.to_string();
    let seed = failure.seed;
    for part in [
        format!("seed {seed} breaks a law: {}", failure.broken.law),
        format!("the story of order {}", failure.broken.order),
        "inventory in unknown decides OrderCancelled".to_owned(),
        format!("replay: cargo xtask sim --seed {seed} --orders 3 --mutant no-tombstone-inventory"),
    ] {
        assert!(text.contains(&part), "{part} is not in:\n{text}");
    }
    let again = one(seed, &options).expect_err("it fails again");
    assert_eq!(again.to_string(), text);
}
