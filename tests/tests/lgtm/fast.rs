//! Alert rules sixty times as fast: an hour passes in a minute, so that a run sees alerts fire and end.
//!
//! Names, thresholds and queries stay; durations are divided by sixty. A range is no shorter than what holds three
//! points of the metrics that leave every ten seconds.

use std::time::Duration;

/// How many times as fast.
pub const TIMES: u64 = 60;
/// The shortest range, in seconds.
const SHORTEST: u64 = 40;
/// How often rules are evaluated, in seconds.
const EVERY: u64 = 5;
/// How long a value counts after it was told: three of its ten seconds, instead of five minutes.
pub const LOOKBACK: Duration = Duration::from_secs(35);

/// A file of rules, faster.
pub fn forward(rules: &str) -> String {
    let mut out = String::with_capacity(rules.len());
    for line in rules.lines() {
        let line = match line.trim_start().split_once(": ") {
            Some(("for", _)) => replace(line, "for: ", |seconds| (seconds / TIMES).max(1)),
            Some(("interval", _)) => replace(line, "interval: ", |_| EVERY),
            _ => {
                let ranges = replace(line, "[", |seconds| (seconds / TIMES).max(SHORTEST));
                replace(&ranges, "offset ", |seconds| (seconds / TIMES).max(SHORTEST))
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Replaces each duration that follows this.
fn replace(text: &str, before: &str, faster: impl Fn(u64) -> u64) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(before);
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let unit = match rest.bytes().next() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => 0,
        };
        match number.parse::<u64>() {
            Ok(number) if unit > 0 => {
                out.push_str(&format!("{}s", faster(number * unit)));
                out.push_str(&rest[1..]);
            }
            _ => out.push_str(part),
        }
    }
    out
}

#[test]
fn durations_are_shorter_and_nothing_else_changes() {
    #[track_caller]
    fn check(rules: &str, faster: &str) {
        assert_eq!(forward(rules), format!("{faster}\n"));
    }
    check("    interval: 30s", "    interval: 5s");
    check("        for: 5m", "        for: 5s");
    check("        for: 30s", "        for: 1s");
    check("  - record: slo:x:ratio_rate5m", "  - record: slo:x:ratio_rate5m");
    check("rate(a[5m]) - b offset 6h", "rate(a[40s]) - b offset 360s");
    check("rate(a{x=~\"[0-9]\"}[3d])", "rate(a{x=~\"[0-9]\"}[4320s])");
    check("  summary: it is so for: ever", "  summary: it is so for: ever");
}
