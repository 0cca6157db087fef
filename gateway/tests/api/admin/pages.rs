//! What must be so of every page: nothing in the console, nothing wider than the screen, all of it in reach of a keyboard
//! and with a name for a screen reader.

use super::driver::{Browser, DESKTOP, PHONE, TAB};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Roles whose elements mean nothing without a name.
const NAMED: [&str; 11] = [
    "button",
    "link",
    "textbox",
    "searchbox",
    "image",
    "heading",
    "table",
    "region",
    "navigation",
    "search",
    "form",
];
/// What a keyboard has to reach, as far as it is there.
const REACHABLE: &str = "[...document.querySelectorAll('a[href],button,input,summary,[tabindex=\"0\"]')]\
    .filter(one => one.checkVisibility() && !one.disabled)";

/// Looks at the page as it stands, at both widths, in light and dark; the console says nothing, but for answers of a part
/// that is not there in the test.
pub async fn check(browser: &Browser, name: &str, absent: Option<&str>) {
    for (width, scheme) in [(DESKTOP, "light"), (PHONE, "dark"), (PHONE, "light")] {
        browser.width(width).await;
        browser.prefers("prefers-color-scheme", scheme).await;
        browser.run("return new Promise(done => requestAnimationFrame(() => done(true)))").await;
        let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
        assert!(wide[0].as_u64() <= wide[1].as_u64(), "{name}: {wide} at {width}");
        browser.picture(&format!("{name}-{width}-{scheme}")).await;
    }
    in_reach_of_a_keyboard(browser, name).await;
    browser.width(DESKTOP).await;
    in_reach_of_a_keyboard(browser, name).await;
    named(browser, name).await;
    still(browser, name).await;
    let mut log = browser.log().await;
    log.retain(|line| !absent.is_some_and(|absent| line.contains(absent) && line.contains(" 503 ")));
    assert_eq!(log, [""; 0], "{name}");
}

/// Each stop of the Tab key is shown, and there is one for each element.
async fn in_reach_of_a_keyboard(browser: &Browser, name: &str) {
    let all = browser.run(&format!("return {REACHABLE}.length")).await.as_u64().unwrap();
    browser.run("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)").await;
    let mut reached = BTreeSet::new();
    for _ in 0..all + 3 {
        browser.press(TAB).await;
        let stop = browser
            .run(&format!(
                "const at = document.activeElement, style = getComputedStyle(at);\
                 return [{REACHABLE}.indexOf(at), style.outlineStyle !== 'none' && style.outlineWidth !== '0px', at.outerHTML]"
            ))
            .await;
        if let Some(place) = stop[0].as_u64() {
            assert_eq!(stop[1], json!(true), "{name}: the focus is not to be seen on {}", stop[2]);
            reached.insert(place);
        }
    }
    assert_eq!(reached.len() as u64, all, "{name}: {reached:?} of {all}");
}

/// The tree that screen readers read.
async fn named(browser: &Browser, name: &str) {
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().unwrap();
    let role = |node: &Value| node["role"]["value"].as_str().unwrap_or_default().to_owned();
    let mut headings = 0;
    for node in nodes.iter().filter(|node| node["ignored"] == json!(false)) {
        let said = node["name"]["value"].as_str().unwrap_or_default().trim();
        // An SVG's own pieces stand for nothing.
        let role = role(node);
        headings += usize::from(role == "heading");
        assert!(!NAMED.contains(&role.as_str()) || !said.is_empty(), "{name}: a nameless {role}: {node}");
    }
    assert!(headings > 1 && nodes.iter().any(|node| role(node) == "main"), "{name}");
    let first = browser.run(
        "return [document.documentElement.lang, document.title, document.querySelectorAll('h1').length]",
    );
    let first = first.await;
    assert_eq!((&first[0], &first[2]), (&json!("en"), &json!(1)), "{name}");
    assert!(first[1].as_str().is_some_and(|title| title.ends_with("Starling")), "{name}: {first}");
}

/// Who wants no motion gets none.
async fn still(browser: &Browser, name: &str) {
    let moving = "return [...document.querySelectorAll('*')].filter(one => {\
        const style = getComputedStyle(one);\
        return style.animationName !== 'none' || !/^(0s(, )?)+$/.test(style.transitionDuration); }).length";
    browser.prefers("prefers-reduced-motion", "reduce").await;
    assert_eq!(browser.run(moving).await, json!(0), "{name}");
}
