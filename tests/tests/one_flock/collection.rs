//! The collection of requests for HTTP clients, as it is checked in, run from top to bottom: what one request needs, one
//! before it has made.

use gateway::routes;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tests::{Flock, Shape, eventually};
use uuid::Uuid;

const COLLECTION: &str = include_str!("../../../contracts/http/starling.postman_collection.json");
const EMAIL: &str = "ann@example.org";

/// Requests that need what this flock has not (an OpenID provider, an authenticator app, a provider's signature), or that
/// what was made before stands in the way of; each is refused for that, and for nothing else.
const REFUSED: [(&str, u16); 8] = [
    ("DELETE /v1/categories/{slug}", 409),
    ("POST /v1/users/me/totp/confirm", 400),
    ("DELETE /v1/users/me/totp", 409),
    ("GET /v1/auth/oidc/{provider}/start", 404),
    ("GET /v1/auth/oidc/{provider}/callback", 400),
    ("POST /v1/auth/oidc/code", 400),
    ("DELETE /v1/users/me/identities/{id}", 404),
    ("POST /v1/payments/webhook/{provider}", 400),
];

/// How often a request is sent again that was answered 503.
const TRIES: u32 = 20;

/// Events without an end: one is enough.
const ENDLESS: &str = "GET /v1/flock/events";

/// These end sessions, so that a client signs in again before the next.
const SIGNED_OUT_BEFORE: [&str; 4] = [
    "POST /v1/auth/change-password",
    "POST /v1/auth/logout",
    "POST /v1/auth/logout-everywhere",
    "DELETE /v1/users/me",
];

/// The smallest picture.
const PNG: &[u8] =
    b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\
    \x90wS\xde\x00\x00\x00\x0cIDATx\xdachpP\x00\x00\x02$\x00\xe1\x95\xa4\xb1\x8b\x00\x00\x00\x00IEND\
    \xaeB`\x82";

/// A client of HTTP as its user runs it.
struct Runner {
    flock: Flock,
    http: Client,
    variables: BTreeMap<String, String>,
    items: Vec<Value>,
}

impl Runner {
    fn filled(&self, text: &str) -> String {
        let mut filled = text.replace("{{$guid}}", &Uuid::new_v4().to_string());
        for (name, value) in &self.variables {
            filled = filled.replace(&format!("{{{{{name}}}}}"), value);
        }
        assert!(!filled.contains("{{"), "a variable is not known: {filled}");
        filled
    }

    fn item(&self, route: &str) -> Value {
        let of = |item: &&Value| item["request"]["description"] == route;
        self.items.iter().find(of).unwrap_or_else(|| panic!("{route} is not in the collection")).clone()
    }

    /// Sends a request, and learns from the answer.
    async fn run(&mut self, item: &Value) -> (StatusCode, String) {
        let asked = &item["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let method: Method = text(&asked["method"]).parse().expect("a method");
        let mut request = self.http.request(method, self.filled(&text(&asked["url"]["raw"])));
        for header in asked["header"].as_array().into_iter().flatten() {
            request = request.header(text(&header["key"]), self.filled(&text(&header["value"])));
        }
        let auth = if asked["auth"].is_null() {
            json!("{{token}}")
        } else {
            asked["auth"]["bearer"][0]["value"].clone()
        };
        if asked["auth"]["type"] != "noauth" {
            request = request.bearer_auth(self.filled(&text(&auth)));
        }
        request = match asked["body"]["mode"].as_str() {
            Some("raw") => request.body(self.filled(&text(&asked["body"]["raw"]))),
            Some("file") => request.body(PNG),
            Some(other) => panic!("a body of mode {other}"),
            None => request,
        };
        let mut answer = request.send().await.expect("an answer");
        let status = answer.status();
        let body = if asked["description"] == ENDLESS {
            answer.chunk().await.expect("a part of it").unwrap_or_default()
        } else {
            answer.bytes().await.expect("all of it")
        };
        let body = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() {
            self.learn(item, &body);
        }
        (status, body)
    }

    /// What the request's script does, line by line.
    fn learn(&mut self, item: &Value, body: &str) {
        for line in item["event"][0]["script"]["exec"].as_array().into_iter().flatten() {
            let line = line.as_str().expect("a line");
            let parts =
                line.strip_prefix("pm.collectionVariables.set(\"").and_then(|rest| rest.strip_suffix(");"));
            let (variable, place) =
                parts.and_then(|rest| rest.split_once("\", pm.response.json().")).expect("a script");
            let answer: Value = serde_json::from_str(body).expect("JSON");
            let found = &answer[place.split('.').next().expect("a name")];
            let found = place.split('.').skip(1).fold(found, |value, name| &value[name]);
            let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            assert_ne!(found, "null", "{place} is not in {body}");
            self.variables.insert(variable.to_owned(), found);
        }
    }

    /// What its user does before a request.
    async fn before(&mut self, route: &str) {
        if SIGNED_OUT_BEFORE.contains(&route) {
            let (status, body) = self.run(&self.item("POST /v1/auth/login")).await;
            assert_eq!(status, 200, "{body}");
        }
        match route {
            "POST /v1/auth/verify-email" => self.read_mail("/verify-email#").await,
            "POST /v1/auth/reset-password" => self.read_mail("/reset-password#").await,
            "POST /v1/orders" => {
                let copy = self.flock.database("orders").await;
                eventually("orders knows the mug", async || {
                    let known = sqlx::query("select 1 from product where sku = 'MUG-RED'");
                    known.fetch_optional(&copy).await.is_ok_and(|row| row.is_some())
                })
                .await;
            }
            "GET /v1/orders/{id}/events" => self.until("cancelled").await,
            "GET /v1/payments/{order_id}" => self.until("confirmed").await,
            _ => {}
        }
    }

    async fn read_mail(&mut self, link: &str) {
        let mut token = String::new();
        eventually("a mail came", async || {
            let mails = self.flock.starling(&["mails", "--to", EMAIL]);
            let found = mails.split_once(link).and_then(|(_, rest)| rest.split_whitespace().next());
            token = found.unwrap_or_default().to_owned();
            !token.is_empty()
        })
        .await;
        self.variables.insert("mail_token".to_owned(), token);
    }

    async fn until(&self, status: &str) {
        let order = format!("{}/v1/orders/{}", self.variables["base"], self.variables["order_id"]);
        eventually(status, async || {
            let shown =
                self.http.get(&order).bearer_auth(&self.variables["token"]).send().await.expect("an answer");
            let shown: Value = shown.json().await.unwrap_or_default();
            shown["status"] == status
        })
        .await;
    }
}

#[tokio::test]
async fn each_request_of_the_collection_finds_what_it_needs() {
    let flock = Flock::start_own(Shape::Together, &[]).await;
    let collection: Value = serde_json::from_str(COLLECTION).expect("JSON");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let items: Vec<Value> =
        list(&collection["item"]).iter().flat_map(|chapter| list(&chapter["item"])).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut variables: BTreeMap<String, String> =
        list(&collection["variable"]).iter().map(|one| (text(&one["key"]), text(&one["value"]))).collect();
    let bob = flock.join("bob@example.org").await;
    for (name, value) in [
        ("base", flock.gateway()),
        ("admin_token", flock.starling(&["token", "--role", "admin"]).trim().to_owned()),
        ("other_user_id", bob.id.to_string()),
        ("identity_id", Uuid::nil().to_string()),
    ] {
        assert!(variables.insert(name.to_owned(), value).is_some(), "there is no variable {name}");
    }
    let http = Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
    let mut runner = Runner { flock, http, variables, items: items.clone() };
    let mut run = vec![];
    for item in &items {
        let route = text(&item["request"]["description"]);
        runner.before(&route).await;
        let (mut status, mut body) = runner.run(item).await;
        // What is slow on a busy machine is asked again, as `Retry-After` says.
        for _ in 0..TRIES {
            if status != StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            (status, body) = runner.run(item).await;
        }
        let refused = REFUSED.iter().find(|(refused, _)| *refused == route);
        let is_so = refused.map_or(status.is_success(), |(_, expected)| status == *expected);
        assert!(is_so, "{route}: {status} {body}");
        run.push(route);
    }
    let mut all: Vec<String> = routes::list().into_iter().map(|(name, _)| name.to_owned()).collect();
    run.sort_unstable();
    all.sort_unstable();
    assert_eq!(run, all, "each route once");
}
