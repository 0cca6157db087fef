//! What can be asked of the stores, over the same interfaces that Grafana uses; each question has a time limit.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// The longest wait for one answer.
const LIMIT: Duration = Duration::from_secs(20);
/// Points that a query over time is asked for.
const POINTS: u64 = 100;

/// The three stores.
pub struct Stores {
    pub mimir: String,
    pub loki: String,
    pub tempo: String,
    http: reqwest::Client,
    began: u64,
}

impl Stores {
    /// Those that are here; queries over time begin now.
    pub fn at(mimir: &str, loki: &str, tempo: &str) -> Self {
        let http = reqwest::Client::builder().timeout(LIMIT).build().expect("a client");
        let [mimir, loki, tempo] = [mimir, loki, tempo].map(ToOwned::to_owned);
        Self { mimir, loki, tempo, http, began: now_s() }
    }

    /// How long queries over time look back.
    pub fn range(&self) -> Duration {
        Duration::from_secs(now_s() - self.began)
    }

    /// How many series of PromQL have a number in them, at some time since the beginning.
    pub async fn series(&self, promql: &str) -> anyhow::Result<usize> {
        let (begin, end) = (self.began, now_s());
        let step = ((end - begin) / POINTS).max(5);
        let url = format!("{}/prometheus/api/v1/query_range", self.mimir);
        let of = [
            ("query", promql.to_owned()),
            ("start", begin.to_string()),
            ("end", end.to_string()),
            ("step", step.to_string()),
        ];
        let answer = self.ask(&url, &of).await?;
        let series = answer["data"]["result"].as_array().context("series")?;
        let is_number = |point: &Value| {
            point[1].as_str().is_some_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
        };
        let has_number =
            |one: &&Value| one["values"].as_array().is_some_and(|points| points.iter().any(is_number));
        Ok(series.iter().filter(has_number).count())
    }

    /// The last value of a single series.
    pub async fn last(&self, promql: &str) -> anyhow::Result<f64> {
        let url = format!("{}/prometheus/api/v1/query", self.mimir);
        let answer = self.ask(&url, &[("query", format!("last_over_time({promql}[5m])"))]).await?;
        let value = answer["data"]["result"][0]["value"][1].as_str().context("one series")?;
        Ok(value.parse()?)
    }

    /// The trace ids of the exemplars that PromQL's metrics have.
    pub async fn exemplars(&self, promql: &str) -> anyhow::Result<BTreeSet<String>> {
        let url = format!("{}/prometheus/api/v1/query_exemplars", self.mimir);
        let of =
            [("query", promql.to_owned()), ("start", self.began.to_string()), ("end", now_s().to_string())];
        let answer = self.ask(&url, &of).await?;
        let series = answer["data"].as_array().context("series")?;
        let exemplars = series.iter().filter_map(|one| one["exemplars"].as_array()).flatten();
        Ok(exemplars.filter_map(|one| one["labels"]["trace_id"].as_str().map(ToOwned::to_owned)).collect())
    }

    /// The names of the alerts that fire.
    pub async fn firing(&self) -> anyhow::Result<BTreeSet<String>> {
        let answer = self.ask(&format!("{}/prometheus/api/v1/alerts", self.mimir), &[]).await?;
        let alerts = answer["data"]["alerts"].as_array().context("alerts")?;
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        Ok(firing.filter_map(|alert| alert["labels"]["alertname"].as_str().map(ToOwned::to_owned)).collect())
    }

    /// How many rules there are, and what those said that could not be evaluated.
    pub async fn rules(&self) -> anyhow::Result<(usize, BTreeSet<String>)> {
        let answer = self.ask(&format!("{}/prometheus/api/v1/rules", self.mimir), &[]).await?;
        let groups = answer["data"]["groups"].as_array().context("groups")?;
        let rules: Vec<&Value> =
            groups.iter().filter_map(|group| group["rules"].as_array()).flatten().collect();
        let failed = rules.iter().filter(|rule| rule["health"] == "err");
        let said = failed.map(|rule| format!("{}: {}", rule["name"], rule["lastError"])).collect();
        Ok((rules.len(), said))
    }

    /// The lines that LogQL finds.
    pub async fn lines(&self, logql: &str) -> anyhow::Result<Vec<String>> {
        let url = format!("{}/loki/api/v1/query_range", self.loki);
        let of =
            [("query", logql.to_owned()), ("start", self.began.to_string()), ("end", now_s().to_string())];
        let answer = self.ask(&url, &of).await?;
        let streams = answer["data"]["result"].as_array().context("streams")?;
        let lines = streams.iter().filter_map(|stream| stream["values"].as_array()).flatten();
        Ok(lines.filter_map(|line| line[1].as_str().map(ToOwned::to_owned)).collect())
    }

    /// The ids of the traces that TraceQL finds, each with the name of its first span.
    pub async fn traces(&self, traceql: &str) -> anyhow::Result<Vec<(String, String)>> {
        let of = [
            ("q", traceql.to_owned()),
            ("start", self.began.to_string()),
            ("end", (now_s() + 1).to_string()),
            ("limit", "50".to_owned()),
        ];
        let answer = self.ask(&format!("{}/api/search", self.tempo), &of).await?;
        let traces = answer["traces"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(traces.iter().map(|one| (text(&one["traceID"]), text(&one["rootTraceName"]))).collect())
    }

    /// A trace as OTLP's JSON.
    pub async fn trace(&self, id: &str) -> anyhow::Result<Value> {
        self.ask(&format!("{}/api/traces/{id}", self.tempo), &[]).await
    }

    async fn ask(&self, url: &str, of: &[(&str, String)]) -> anyhow::Result<Value> {
        let query: Vec<String> =
            of.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let answer =
            self.http.get(format!("{url}?{}", query.join("&"))).send().await.context("no answer in time")?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{status}: {}", body.trim());
        serde_json::from_str(&body).context("JSON")
    }
}

/// Percent-encoded, all but letters and digits.
fn encoded(text: &str) -> String {
    let one = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

fn now_s() -> u64 {
    u64::try_from(chassis::clock::now().millis()).expect("after 1970") / 1_000
}
