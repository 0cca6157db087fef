//! Alert rules: they can be read, they fire and clear as their tests say, and each has its page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_norway::Value;

use crate::cargo;

fn folder() -> PathBuf {
    cargo::root().unwrap().join("observability")
}

/// The names of the files in a folder of `observability`, with that folder.
fn files(folder_name: &str) -> Vec<String> {
    let files = fs::read_dir(folder().join(folder_name)).unwrap();
    files.map(|file| format!("{folder_name}/{}", file.unwrap().file_name().to_string_lossy())).collect()
}

/// All rules, recorded ones and alerts.
fn rules() -> Vec<Value> {
    let mut rules = Vec::new();
    for file in files("rules") {
        let file: Value = serde_norway::from_str(&fs::read_to_string(folder().join(file)).unwrap()).unwrap();
        for group in file["groups"].as_sequence().unwrap() {
            rules.extend(group["rules"].as_sequence().unwrap().iter().cloned());
        }
    }
    rules
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

/// What is recorded.
pub fn recorded() -> BTreeSet<String> {
    rules().iter().filter_map(|rule| text(&rule["record"])).collect()
}

/// What each rule asks for, by its name.
pub fn expressions() -> BTreeMap<String, String> {
    let name = |rule: &Value| text(&rule["alert"]).or_else(|| text(&rule["record"])).unwrap();
    rules().iter().map(|rule| (name(rule), text(&rule["expr"]).unwrap())).collect()
}

fn alerts() -> BTreeSet<String> {
    rules().iter().filter_map(|rule| text(&rule["alert"])).collect()
}

#[test]
fn the_rules_can_be_read() {
    let files = files("rules");
    let arguments: Vec<&str> =
        ["check", "rules"].into_iter().chain(files.iter().map(String::as_str)).collect();
    tools::promtool::run(&folder(), &arguments).unwrap();
}

#[test]
fn the_rules_fire_and_clear_as_their_tests_say() {
    let files = files("rule-tests");
    let arguments: Vec<&str> =
        ["test", "rules"].into_iter().chain(files.iter().map(String::as_str)).collect();
    tools::promtool::run(&folder(), &arguments).unwrap();
}

#[test]
fn every_alert_has_a_test_in_which_it_fires() {
    let tests: String =
        files("rule-tests").iter().map(|file| fs::read_to_string(folder().join(file)).unwrap()).collect();
    for alert in alerts() {
        // What is expected to fire names the page.
        assert!(
            tests.contains(&format!("runbook_url: docs/runbooks/{alert}.md")),
            "{alert} fires in no test"
        );
        let quiet = [format!("alertname: {alert}}}"), format!("alertname: {alert}\n")];
        let times: usize = quiet.iter().map(|place| tests.matches(place.as_str()).count()).sum();
        assert!(times > 1, "{alert} is never expected to be quiet");
    }
}

#[test]
fn every_alert_has_a_page_and_every_page_an_alert() {
    let pages: BTreeSet<String> = fs::read_dir(cargo::root().unwrap().join("docs/runbooks"))
        .unwrap()
        .map(|page| page.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(pages, alerts());
    for alert in &pages {
        let page =
            fs::read_to_string(cargo::root().unwrap().join(format!("docs/runbooks/{alert}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {alert}\n")), "{alert}");
        for part in ["## What it means", "## How to look", "## What to do"] {
            assert!(page.contains(part), "{alert} has no {part:?}");
        }
    }
}

#[test]
fn every_alert_says_how_urgent_it_is_and_where_its_page_is() {
    for rule in rules().iter().filter(|rule| rule["alert"].is_string()) {
        let alert = text(&rule["alert"]).unwrap();
        let severity = text(&rule["labels"]["severity"]);
        assert!(matches!(severity.as_deref(), Some("page" | "ticket")), "{alert}: {severity:?}");
        assert_eq!(text(&rule["annotations"]["runbook_url"]), Some(format!("docs/runbooks/{alert}.md")));
        assert!(
            rule["annotations"]["summary"].is_string() && rule["annotations"]["description"].is_string(),
            "{alert}"
        );
    }
}
