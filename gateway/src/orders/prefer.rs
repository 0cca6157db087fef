//! `Prefer: wait=N` (RFC 7240).

use axum::http::HeaderMap;

/// The longest that a request may wait, in seconds; who asks for more gets this much.
pub(crate) const LONGEST_S: u64 = 30;

/// How many seconds the client would like to wait. What cannot be understood is no preference.
pub(crate) fn wait(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    let seconds = preferences.find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("wait").then(|| value.parse::<u64>())
    })?;
    seconds.ok().filter(|seconds| *seconds > 0).map(|seconds| seconds.min(LONGEST_S))
}

#[cfg(test)]
mod tests {
    use super::wait;
    use axum::http::{HeaderMap, HeaderValue};

    #[track_caller]
    fn check(values: &[&'static str], expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        assert_eq!(wait(&headers), expected, "{values:?}");
    }

    #[test]
    fn the_first_wait_counts_and_nonsense_does_not() {
        check(&[], None);
        check(&["wait=10"], Some(10));
        check(&["respond-async, WAIT = \"5\"; foo"], Some(5));
        check(&["respond-async", "wait=7"], Some(7));
        check(&["wait=5, wait=9"], Some(5));
        check(&["wait=3600"], Some(30));
        check(&["wait=0"], None);
        check(&["wait=-1"], None);
        check(&["wait=soon"], None);
        check(&["wait"], None);
    }
}
