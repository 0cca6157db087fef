use super::chart;
use crate::results::{Latency, Limits, Memory, Process, Results, Scenario};

fn results() -> Results {
    let process =
        |name: &str, cpu_ms_per_order| Process { name: name.into(), cpu_ms_per_order, ..Process::default() };
    let scenario = |name: &str, orders_s| Scenario {
        name: name.into(),
        orders_s,
        cpu_ms_per_order: 0.8,
        processes: vec![process("starling", 0.3), process("nats-server", 0.5)],
        ..Scenario::default()
    };
    let latency = Latency { p50_ms: 10.0, p95_ms: 50.0, p99_ms: 80.0, p999_ms: 100.0, ..Latency::default() };
    let memory = |second, mb| Memory { second, mb: [("starling".to_owned(), mb)].into() };
    Results {
        commit: "<new> & \"old\"".into(),
        limits: Some(Limits { postgres_orders_s: 4_000.0, jetstream_orders_s: 2_000.0, ..Limits::default() }),
        scenarios: vec![
            scenario("saturation", 1_000.0),
            Scenario { offered_s: Some(500.0), latency: Some(latency), ..scenario("latency-50", 499.0) },
            Scenario { memory: vec![memory(1.0, 50.0), memory(2.0, 100.0)], ..scenario("soak", 1_000.0) },
            Scenario::not_measured("growth", "", "the disk is full".into()),
        ],
        ..Results::default()
    }
}

/// The value of an attribute in a line.
fn number(line: &str, attribute: &str) -> f64 {
    let (_, after) = line.split_once(&format!(" {attribute}=\"")).unwrap();
    after.split_once('"').unwrap().0.parse().unwrap()
}

/// The bar after the text, which is its name.
#[track_caller]
fn bar_of(svg: &str, name: &str) -> f64 {
    let (_, after) = svg.split_once(&format!(">{name}</text>")).unwrap();
    number(after.lines().find(|line| line.starts_with("<rect")).unwrap(), "width")
}

#[test]
fn what_was_written_as_json_gives_the_same_chart() {
    let results = results();
    let json = serde_json::to_string(&results).unwrap();
    let read: Results = serde_json::from_str(&json).unwrap();
    assert_eq!(read, results);
    assert_eq!(chart(&read), chart(&results));
}

/// When the chart is drawn in another way now, what it looks like lies beside the old one, to be looked at and moved.
#[test]
fn the_chart_in_the_repository_is_made_of_the_figures_beside_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read_to_string(folder.join("results.json")).unwrap();
    let drawn = chart(&serde_json::from_str(&json).unwrap());
    if std::fs::read_to_string(folder.join("results.svg")).unwrap() != drawn {
        std::fs::write(folder.join("results.svg.new"), drawn).unwrap();
        panic!("results.svg is not made of results.json: look at results.svg.new, and move it there");
    }
}

#[test]
fn bars_are_as_long_as_their_figures() {
    let svg = chart(&results());
    let longest = bar_of(&svg, "limit: Postgres");
    assert!((bar_of(&svg, "limit: JetStream") - longest / 2.0).abs() < 0.2);
    assert!((bar_of(&svg, "saturation") - longest / 4.0).abs() < 0.2);
}

#[test]
fn latency_is_logarithmic_and_ends_at_the_highest_percentile() {
    let svg = chart(&results());
    let (_, after) = svg.split_once(">latency-50 (500/s)</text>").unwrap();
    let bars: Vec<&str> = after.lines().filter(|line| line.starts_with("<rect")).take(4).collect();
    // p50 is 10 ms, p99.9 is 100 ms: half of the axis.
    let end = number(bars[3], "x") + number(bars[3], "width");
    let (begin, half) = (number(bars[0], "x"), number(bars[0], "width"));
    assert!((half * 2.0 - (end - begin)).abs() < 0.2, "{half} {begin} {end}");
    assert!(after.contains(">10 / 50 / 80 / 100</text>"));
}

#[test]
fn what_was_not_measured_is_not_drawn() {
    assert!(!chart(&results()).contains("growth"));
    let nothing = chart(&Results::default());
    assert!(!nothing.contains("<g"), "{nothing}");
}

#[test]
fn a_long_legend_goes_on_in_the_next_row() {
    let mut results = results();
    let process = |number| Process { name: format!("a-long-name-{number}"), ..Process::default() };
    results.scenarios[0].processes = (0..13).map(process).collect();
    let svg = chart(&results);
    let places: Vec<f64> =
        svg.lines().filter(|line| line.contains(">a-long-name-")).map(|line| number(line, "x")).collect();
    assert_eq!(places.len(), 13);
    assert!(places.iter().all(|x| *x < 880.0), "{places:?}");
}

#[test]
fn it_is_well_formed() {
    let svg = chart(&results());
    assert!(svg.contains("commit &lt;new&gt; &amp; &quot;old&quot;"));
    let mut open: Vec<&str> = vec![];
    let tags = svg.split('<').skip(1).map(|tag| tag.split_once('>').expect("every tag ends").0);
    for tag in tags {
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.extend(tag.split(' ').next());
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_process_has_one_colour_in_all_panels() {
    let mut results = results();
    // Only the soak has it, and its name comes first.
    results.scenarios[2].memory[0].mb.insert("a-server".into(), 10.0);
    let svg = chart(&results);
    let colours = |name: &str| -> Vec<&str> {
        let before = |(at, _)| svg[..at].lines().rev().find_map(|line| line.split_once("fill=\"#"));
        let text = format!(">{name}</text>");
        let legends = svg.match_indices(&text).filter_map(before);
        legends.map(|(_, after)| &after[..6]).collect()
    };
    assert_eq!(colours("starling").len(), 2, "of CPU and of memory");
    assert_eq!(colours("starling")[0], colours("starling")[1]);
    assert_eq!(colours("a-server").len(), 1, "it used no CPU that was counted");
    assert_ne!(colours("a-server")[0], colours("starling")[0]);
}
