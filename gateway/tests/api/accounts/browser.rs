//! A person with a browser, a shop with a gateway, and an OpenID provider that knows the person: all real.

use super::world::World;
use chassis::Secret;
use reqwest::{Client, Method, Response, Url, redirect::Policy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tools::{Server, oidc, scratch::Scratch};

/// Of everybody at the provider.
const PASSWORD: &str = "a password elsewhere";
/// Where the provider sends browsers back to; the tests go on to where the gateway really listens.
const SHOP: &str = "http://localhost:8080";

pub struct Shop {
    pub world: World,
    pub provider: Server,
    browser: Client,
    _scratch: Scratch,
}

/// A browser that has begun.
pub struct Begun {
    /// The provider's page.
    pub page: Url,
    pub cookie: String,
}

/// A browser that the provider has sent back: path and query.
pub struct Back {
    pub address: String,
    pub cookie: String,
}

impl Shop {
    /// With a provider `sso`, and one of the same people that is `down`.
    pub async fn open() -> Self {
        let user = |name: &str, email: &str, verified: bool| {
            (
                name.to_owned(),
                json!({
                    "ID": format!("subject-of-{name}"), "Username": name, "Password": PASSWORD, "FirstName": "Ann",
                    "LastName": "Elsewhere", "Email": email, "EmailVerified": verified, "PreferredLanguage": "en",
                }),
            )
        };
        let users = [
            user("ann", "Ann@Example.org", true),
            user("eve", "ann@example.org", false),
            user("bob", "bob@example.org", true),
        ];
        // The provider keeps them by subject.
        let users: BTreeMap<String, Value> =
            users.into_iter().map(|(name, user)| (format!("subject-of-{name}"), user)).collect();
        let users = serde_json::to_string(&users).unwrap();
        let redirects = ["sso", "other"].map(|name| format!("{SHOP}/v1/auth/oidc/{name}/callback"));
        let start = move || {
            let scratch = Scratch::new("oidc").unwrap();
            let provider = oidc::start(&scratch.path().join("provider"), &users, &redirects).unwrap();
            (scratch, provider)
        };
        let (scratch, provider) = tokio::task::spawn_blocking(start).await.unwrap();
        let (client, secret) = oidc::CLIENT;
        let named = |name: &str, issuer: &str| json!({ "name": name, "issuer": issuer, "client_id": client });
        let providers = json!([
            named("sso", provider.url()),
            named("other", provider.url()),
            named("down", "http://127.0.0.1:1/"),
        ]);
        let settings = identity::Settings {
            oidc_providers: providers.to_string().parse().unwrap(),
            oidc_secrets: Some(Secret::from(json!({ "sso": secret, "other": secret }).to_string())),
            shop_url: SHOP.to_owned(),
            ..identity::Settings::default()
        };
        let world = World::open_with(settings).await;
        let browser = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { world, provider, browser, _scratch: scratch }
    }

    async fn get(&self, address: &str, cookie: &str) -> Response {
        let request = self.browser.get(address);
        let request = if cookie.is_empty() { request } else { request.header("cookie", cookie) };
        request.send().await.unwrap()
    }

    fn here(&self, path: &str) -> String {
        format!("{}{path}", self.world.gateway.base)
    }

    /// Asks the gateway to go to a provider.
    pub async fn begin(&self, provider: &str) -> Response {
        self.get(&self.here(&format!("/v1/auth/oidc/{provider}/start")), "").await
    }

    /// The same where it must be possible.
    pub async fn begun(&self, provider: &str) -> Begun {
        let answer = self.begin(provider).await;
        assert_eq!(answer.status(), 302, "{:?}", answer.text().await);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let (pair, rules) = cookie.split_once(';').unwrap();
        assert!(pair.starts_with("__Host-starling-oidc=sb_"), "{cookie}");
        for rule in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"] {
            assert!(rules.split(';').any(|found| found.trim() == rule), "{rule}: {cookie}");
        }
        let page = answer.headers()["location"].to_str().unwrap().parse().unwrap();
        Begun { page, cookie: pair.to_owned() }
    }

    /// Signs in at the provider's page, as a person does, until it sends the browser back.
    pub async fn signed_in_there(&self, begun: &Begun, name: &str) -> Back {
        let mut answer = self.get(begun.page.as_str(), "").await;
        let mut at = begun.page.clone();
        for _ in 0..5 {
            assert_eq!(answer.status(), 302, "{at}");
            at = at.join(answer.headers()["location"].to_str().unwrap()).unwrap();
            if at.as_str().starts_with(SHOP) {
                let address = at.as_str().strip_prefix(SHOP).unwrap().to_owned();
                return Back { address, cookie: begun.cookie.clone() };
            }
            answer = if at.path() == "/login/username" {
                let (_, id) = at.query_pairs().find(|(key, _)| key == "authRequestID").unwrap();
                let form = [("id", &*id), ("username", name), ("password", PASSWORD)];
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
                let post = self.browser.post(at.clone()).body(form);
                post.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
            } else {
                self.get(at.as_str(), "").await
            };
        }
        panic!("the provider does not come to an end: {at}");
    }

    /// Comes back to the shop.
    pub async fn finish(&self, back: &Back) -> (u16, Value) {
        let answer = self.get(&self.here(&back.address), &back.cookie).await;
        assert!(answer.status() != 200 || answer.headers()["cache-control"] == "no-store");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// All of it.
    pub async fn sign_in(&self, name: &str) -> (u16, Value) {
        let begun = self.begun("sso").await;
        self.finish(&self.signed_in_there(&begun, name).await).await
    }

    /// Whose tokens these are.
    pub async fn me(&self, tokens: &Value) -> Value {
        let (status, me) = self.world.get("/v1/users/me", tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(status, 200, "{me}");
        me
    }

    /// Exports what is kept of somebody.
    pub async fn export(&self, tokens: &Value) -> Value {
        let token = tokens["access_token"].as_str().unwrap();
        self.world.ask(Method::GET, "/v1/users/me/export", token, &json!({})).await.1
    }
}
