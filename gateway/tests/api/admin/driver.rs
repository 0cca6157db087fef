//! A browser, driven over WebDriver (W3C) and, where that has no word for it, the DevTools protocol.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tools::{Server, scratch::Scratch};

/// Longer than anything on a page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A desktop's width, and a small phone's.
pub const DESKTOP: u32 = 1_280;
pub const PHONE: u32 = 360;

pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";

pub struct Browser {
    http: Client,
    session: String,
    driver: Server,
    scratch: Scratch,
}

impl Browser {
    pub async fn open() -> Self {
        let start = || {
            let scratch = Scratch::new("browser").unwrap();
            (tools::webdriver::start(scratch.path()).unwrap(), scratch)
        };
        let (driver, scratch) = tokio::task::spawn_blocking(start).await.unwrap();
        let http = Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
        // Root has no sandbox; the pages are our own.
        let flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let mut browser = Self { http, session: format!("{}/session", driver.url()), driver, scratch };
        let made = browser.tell(Method::POST, "", &wanted).await;
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap());
        browser.width(DESKTOP).await;
        browser
    }

    async fn tell(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method.clone(), format!("{}{path}", self.session));
        // Nothing is sent where nothing may be.
        let request = if method == Method::GET { request } else { request.json(body) };
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }

    pub async fn visit(&self, url: &str) {
        self.tell(Method::POST, "/url", &json!({ "url": url })).await;
    }

    /// Runs a function's body on the page: what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.tell(Method::POST, "/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// The text of the first element of a selector, as it is seen.
    pub async fn text(&self, selector: &str) -> String {
        let found = self.run(&format!("return document.querySelector({}).innerText", json!(selector))).await;
        found.as_str().unwrap().to_owned()
    }

    /// Waits until an expression on the page is true.
    pub async fn until(&self, expression: &str) {
        let began = Instant::now();
        while self.run(&format!("return Boolean({expression})")).await != json!(true) {
            if began.elapsed() > PATIENCE {
                let page = self.run("return document.body.innerText").await;
                panic!("not so in time: {expression}\n{page}\n{:?}", self.log().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses keys, one after the other.
    pub async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.tell(Method::POST, "/actions", &keyboard).await;
    }

    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.tell(Method::POST, "/goog/cdp/execute", &body).await
    }

    pub async fn width(&self, width: u32) {
        let phone = width < 600;
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": phone });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// How its owner likes pages, such as `prefers-color-scheme`: `dark`.
    pub async fn prefers(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// What the console said since it was asked before, with violations of the policy among it.
    pub async fn log(&self) -> Vec<String> {
        let log = self.tell(Method::POST, "/se/log", &json!({ "type": "browser" })).await;
        let told = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        log.as_array().unwrap().iter().map(told).collect()
    }

    /// The whole page as a picture, beside the browser's own files (kept with `STARLING_KEEP`).
    pub async fn picture(&self, name: &str) {
        let height = self.run("return document.documentElement.scrollHeight").await;
        let width = self.run("return innerWidth").await;
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", wanted).await;
        let bytes =
            base64::Engine::decode(&base64::prelude::BASE64_STANDARD, picture["data"].as_str().unwrap());
        std::fs::write(self.scratch.path().join(format!("{name}.png")), bytes.unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // With its children: a browser whose driver just ends may stay.
        drop(self.driver.kill());
    }
}
