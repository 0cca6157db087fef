//! The catalog that is ordered from, with more in stock than any run takes.

use crate::http::Connection;
use anyhow::ensure;
use serde_json::json;
use std::time::Duration;

/// SKUs in the catalog.
pub const SKUS: usize = 1_000;
/// What each costs, in pence.
pub const PRICE: u64 = 1_200;
/// SKUs that one request brings.
const AT_ONCE: usize = 200;
/// Receipts of each SKU, of a million pieces: the most that one may bring.
const RECEIPTS: usize = 10;

/// The name of a SKU.
#[must_use]
pub fn sku(number: usize) -> String {
    format!("SKU-{number:04}")
}

/// Makes the catalog and fills the shelves.
pub async fn fill(gateway: &str, token: &str) -> anyhow::Result<()> {
    let mut connection = Connection::open(gateway).await?;
    let numbers: Vec<usize> = (0..SKUS).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let product = |n: &usize| json!({"sku": sku(*n), "name": format!("Product {n}"), "price": PRICE, "currency": "GBP"});
        let products: Vec<_> = chunk.iter().map(product).collect();
        let body = json!({ "products": products }).to_string();
        let (status, answer) = connection.post("/v1/products/import", token, "", body).await?;
        ensure!((200..300).contains(&status), "import: {status} {answer}");
        for round in 0..RECEIPTS {
            let lines: Vec<_> =
                chunk.iter().map(|n| json!({"sku": sku(*n), "quantity": 1_000_000})).collect();
            let reference = format!("bench-{}-{round}", chunk[0]);
            let body = json!({"reference": reference, "lines": lines}).to_string();
            let (status, answer) = connection.post("/v1/stock/receipts", token, "", body).await?;
            ensure!(status == 202, "receipt: {status} {answer}");
        }
    }
    // Copies of the catalog and shelves fill within moments.
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(())
}
