//! Quotas of a minute, which gateways share through Redis; and whose requests they are.

use crate::gateway::{Gateway, order, told};
use contracts::Role;
use gateway::Settings;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};
use tokio::time::sleep;

/// More than a gateway waits before it tells Redis what it counted.
const TOLD: Duration = Duration::from_millis(450);

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// A parameter of a header field, such as `r` of `"write";r=5;t=60`.
fn parameter(field: &str, name: &str) -> u64 {
    let found = field.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    found.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {field:?}"))
}

/// An attempt to sign in, at the gateway of this test or another; nobody is there to answer it.
fn attempt(gateway: &Gateway, at: Option<SocketAddr>) -> RequestBuilder {
    let base = at.map_or_else(|| gateway.base.clone(), |address| format!("http://{address}"));
    let body = json!({ "email": "ann@example.org", "password": "a long enough guess" });
    gateway.http.post(format!("{base}/v1/auth/login")).json(&body)
}

async fn is_refused(request: RequestBuilder) -> bool {
    let (status, body) = told(request.send().await.unwrap()).await;
    assert!(matches!(status, 429 | 503), "{status} {body}");
    status == 429
}

/// Whether each of these attempts is refused, by what they say about where they come from.
async fn refused<'a>(gateway: &Gateway, said: impl IntoIterator<Item = (&'a str, String)>) -> Vec<bool> {
    let mut all = vec![];
    for (name, value) in said {
        all.push(is_refused(attempt(gateway, None).header(name, value)).await);
    }
    all
}

#[tokio::test]
async fn two_gateways_share_a_customers_quota() {
    let settings = || Settings { rate_write_per_min: 20, ..Settings::default() };
    let gateway = Gateway::start_with(settings()).await;
    let other = gateway.another(settings()).await;
    let token = gateway.token(Role::Customer);
    let place = async |here: bool, key: usize| {
        let base = if here { gateway.base.clone() } else { format!("http://{other}") };
        let request = gateway.http.post(format!("{base}/v1/orders")).bearer_auth(&token).json(&order());
        request.header("idempotency-key", format!("key {key}")).send().await.unwrap()
    };
    for key in 0..10 {
        assert_eq!(place(true, key).await.status(), 202);
    }
    sleep(TOLD).await;
    let mut accepted = 10;
    // The other has only ten left. It may find out with its first requests.
    for key in 10..30 {
        let answer = place(false, key).await;
        accepted += usize::from(answer.status() == 202);
        sleep(TOLD / 9).await;
    }
    assert!((20..=25).contains(&accepted), "{accepted} accepted of 20");
    sleep(TOLD).await;
    let mut late = 0;
    for key in 30..50 {
        late += usize::from(place(true, key).await.status() == 202);
        sleep(TOLD / 9).await;
    }
    assert!(late <= 8, "the first hears of the others' as soon as it asks: {late}");
    for here in [true, false] {
        let answer = place(here, 99).await;
        assert_eq!(answer.status(), 429);
        assert_eq!(parameter(header(&answer, "ratelimit"), "r"), 0);
        let wait: u64 = header(&answer, "retry-after").parse().unwrap();
        assert!((1..=120).contains(&wait), "{wait}");
    }
    let another = gateway.order(&gateway.token(Role::Customer), "key", &order()).send().await.unwrap();
    assert_eq!(another.status(), 202, "another customer has a quota of its own");
    let reads = gateway.request(Method::GET, "/v1/orders/me").bearer_auth(&token).send().await.unwrap();
    assert_ne!(reads.status(), 429, "and reading has one");
}

#[tokio::test]
async fn attempts_to_sign_in_are_counted_at_all_gateways_to_the_last_one() {
    let settings = || Settings { rate_auth_per_min: 6, ..Settings::default() };
    let gateway = Gateway::start_with(settings()).await;
    let other = gateway.another(settings()).await;
    let mut refused = vec![];
    for number in 0..10 {
        refused.push(is_refused(attempt(&gateway, (number % 2 == 1).then_some(other))).await);
    }
    assert_eq!(refused, [[false; 6].as_slice(), &[true; 4]].concat());
}

#[tokio::test]
async fn each_answer_says_what_is_left_and_it_adds_up() {
    let gateway = Gateway::start_with(Settings { rate_write_per_min: 5, ..Settings::default() }).await;
    let token = gateway.token(Role::Customer);
    for used in 1..=7 {
        let answer = gateway.order(&token, &format!("key {used}"), &order()).send().await.unwrap();
        assert_eq!(answer.status(), if used <= 5 { 202 } else { 429 });
        assert_eq!(header(&answer, "ratelimit-policy"), "\"write\";q=5;w=60");
        let limit = header(&answer, "ratelimit");
        assert!(limit.starts_with("\"write\";r="), "{limit}");
        let (left, reset) = (parameter(limit, "r"), parameter(limit, "t"));
        assert_eq!(left, 5_u64.saturating_sub(used));
        assert!((1..=120).contains(&reset), "{limit}");
        assert_eq!(answer.headers().contains_key("retry-after"), used > 5);
    }
    let read = gateway.request(Method::GET, "/v1/orders/me").bearer_auth(&token).send().await.unwrap();
    assert_eq!(header(&read, "ratelimit-policy"), "\"read\";q=3100;w=60");
    assert_eq!(parameter(header(&read, "ratelimit"), "r"), 3_099);
    let live = gateway.request(Method::GET, "/health/live").send().await.unwrap();
    assert!(!live.headers().contains_key("ratelimit"), "health has no quota");
}

#[tokio::test]
async fn without_redis_each_gateway_goes_on_with_what_it_counts_itself() {
    let settings = || Settings { rate_write_per_min: 5, rate_auth_per_min: 5, ..Settings::default() };
    let gateway = Gateway::start_with(settings()).await;
    gateway.redis.kill().unwrap();
    let token = gateway.token(Role::Customer);
    let mut statuses = vec![];
    for key in 0..7 {
        let answer = gateway.order(&token, &format!("key {key}"), &order()).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [202, 202, 202, 202, 202, 429, 429]);
    let mut refused = vec![];
    for _ in 0..7 {
        refused.push(is_refused(attempt(&gateway, None)).await);
    }
    assert_eq!(refused, [false, false, false, false, false, true, true]);
    // What was counted meanwhile is told when Redis is back.
    gateway.redis.start_again().unwrap();
    let other = gateway.another(settings()).await;
    for number in 0.. {
        if is_refused(attempt(&gateway, Some(other))).await {
            break;
        }
        assert!(number < 5, "more than its own");
        sleep(2 * TOLD).await;
    }
}

#[tokio::test]
async fn who_is_no_trusted_proxy_is_counted_by_its_own_address_whatever_it_says() {
    let gateway = Gateway::start_with(Settings { rate_auth_per_min: 4, ..Settings::default() }).await;
    let forged = (0..4).flat_map(|number| {
        [
            ("x-forwarded-for", format!("198.51.100.{number}")),
            ("forwarded", format!("for=203.0.113.{number}")),
        ]
    });
    let refused = refused(&gateway, forged).await;
    assert_eq!(refused, [[false; 4], [true; 4]].concat());
}

#[tokio::test]
async fn a_trusted_proxys_clients_are_counted_one_by_one_and_cannot_be_others() {
    let settings = Settings {
        rate_auth_per_min: 3,
        gateway_trusted_proxies: "127.0.0.0/8, 10.0.0.0/8".into(),
        ..Settings::default()
    };
    let gateway = Gateway::start_with(settings).await;
    let x = |value: String| ("x-forwarded-for", value);
    let many = refused(&gateway, (0..8).map(|number| x(format!("198.51.100.{number}")))).await;
    assert_eq!(many, [false; 8], "each client has a quota of its own");
    let forged =
        refused(&gateway, (0..6).map(|number| x(format!("192.0.2.{number}, 203.0.113.7, 10.1.1.1")))).await;
    assert_eq!(
        forged,
        [false, false, false, true, true, true],
        "what the client wrote itself is not believed"
    );
    let network = refused(&gateway, (0..6).map(|number| x(format!("2001:db8:1:2::{number}")))).await;
    assert_eq!(network, [false, false, false, true, true, true], "a /64 is one caller");
    let neighbour = refused(&gateway, [x("2001:db8:1:3::1".into())]).await;
    assert_eq!(neighbour, [false]);
}
