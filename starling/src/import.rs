//! `starling import FILE`: makes products and stock from a retailer's invoices.

use crate::{
    gateway_client::{As, Door, GatewayClient},
    operator::Operator,
    progress::Progress,
    retail::{Retail, Source, products, stock_for_all},
};
use anyhow::{Context, bail};
use chassis::settings;
use clap::Args;
use contracts::{
    CountCopied, MAX_IMPORT, MAX_RECEIPT_LINES, Product, ProductVersion, Quantity, ReceiveStock,
    ReceivedLine, Reference, Sku,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};

/// How often to look whether the catalog's copy has caught up.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What to import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Invoices: CSV, plain or gzipped (InvoiceNo, StockCode, Description, Quantity, UnitPrice, CustomerID, Country)
    pub file: PathBuf,
    /// Pieces of each product that come in; without it as many as all invoices together want
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(Quantity::MAX)))]
    pub stock: Option<u32>,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    /// The gateway.
    #[command(flatten)]
    pub door: Door,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// What an import did.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// Of the file's content.
    pub hash: String,
    /// Rows in the file.
    pub rows: u64,
    /// Products in the catalog from it.
    pub products: usize,
    /// Pieces received of all of them (unless they came in by an earlier import of this file).
    pub pieces: u64,
    /// Rows that were dropped, by reason.
    pub dropped_rows: BTreeMap<String, u64>,
    /// Those that are not goods, by code.
    pub not_goods: BTreeMap<String, u64>,
    /// Invoices of sales without anything to sell, by reason.
    pub dropped_sales: BTreeMap<String, u64>,
}

/// Imports; returns when orders knows all products and inventory has all stock.
///
/// # Errors
/// When the file cannot be read, the gateway refuses, or a service does not catch up in time.
pub async fn import(args: &ImportArgs) -> anyhow::Result<Imported> {
    let retail = Retail::read(&Source::read(&args.file)?)?;
    let products = products(&retail.sales)?;
    if products.is_empty() {
        bail!("there is nothing to sell in {}", args.file.display());
    }
    let gateway = GatewayClient::new(&args.door, &args.places.secret)?;
    let operator = Operator::sign_in(&args.places).await?;
    let patience = gateway.patience();

    let versions = import_products(&gateway, &products).await?;
    let stock = stock_of(&retail, args.stock)?;
    let name = args.stock.map_or_else(|| "all".to_owned(), |pieces| format!("each-{pieces}"));
    receive(&gateway, &format!("import-{}-{name}", retail.hash), &stock).await?;

    copied(&operator, &versions, patience).await.context("orders' copy of the catalog")?;
    operator.caught_up("COMMANDS", "inventory", patience).await?;
    on_the_shelf(&gateway, &stock).await?;
    Ok(Imported {
        hash: retail.hash,
        rows: retail.rows,
        products: products.len(),
        pieces: stock.values().map(|pieces| u64::from(pieces.get())).sum(),
        dropped_rows: retail.dropped_rows,
        not_goods: retail.not_goods,
        dropped_sales: retail.dropped_sales,
    })
}

/// The gateway's answer to an import.
#[derive(Deserialize)]
struct Versions {
    products: Vec<ProductVersion>,
}

/// Creates or changes products through the gateway, in as many requests as it takes.
///
/// # Errors
/// When the gateway refuses.
pub async fn import_products(
    gateway: &GatewayClient,
    products: &[Product],
) -> anyhow::Result<Vec<ProductVersion>> {
    let progress = Progress::new("products", products.len().div_ceil(MAX_IMPORT));
    let mut versions = Vec::with_capacity(products.len());
    for chunk in products.chunks(MAX_IMPORT) {
        let body = json!({ "products": chunk });
        let answer = gateway.post("/v1/products/import", &body, As::Service).await?;
        versions.extend(answer.json::<Versions>()?.products);
        progress.step();
    }
    progress.end();
    Ok(versions)
}

/// Receives stock; each part has a reference of its own, so the same again adds nothing.
///
/// # Errors
/// When the gateway refuses.
pub async fn receive(
    gateway: &GatewayClient,
    reference: &str,
    stock: &BTreeMap<Sku, Quantity>,
) -> anyhow::Result<()> {
    let lines: Vec<ReceivedLine> =
        stock.iter().map(|(sku, quantity)| ReceivedLine { sku: sku.clone(), quantity: *quantity }).collect();
    let progress = Progress::new("stock", lines.len().div_ceil(MAX_RECEIPT_LINES));
    for (number, chunk) in lines.chunks(MAX_RECEIPT_LINES).enumerate() {
        let reference = Reference::new(format!("{reference}-{number}"))?;
        let receipt = ReceiveStock { reference, lines: chunk.to_vec() };
        gateway.post("/v1/stock/receipts", &receipt, As::Service).await?;
        progress.step();
    }
    progress.end();
    Ok(())
}

/// Waits until orders has these products in its copy of the catalog.
///
/// # Errors
/// When it has not by then.
pub async fn copied(
    operator: &Operator,
    versions: &[ProductVersion],
    patience: Duration,
) -> anyhow::Result<()> {
    let until = Instant::now() + patience;
    for chunk in versions.chunks(MAX_IMPORT) {
        let question = CountCopied { products: chunk.to_vec() };
        loop {
            let there = operator.ask(&question).await?.copied;
            if there >= chunk.len() {
                break;
            }
            if Instant::now() >= until {
                bail!("only {there} of {} products are there after {} s", chunk.len(), patience.as_secs());
            }
            sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

/// Looks at one SKU of each receipt: a receipt is taken in as a whole or not at all.
async fn on_the_shelf(gateway: &GatewayClient, stock: &BTreeMap<Sku, Quantity>) -> anyhow::Result<()> {
    for sku in stock.keys().step_by(MAX_RECEIPT_LINES) {
        let level: contracts::StockLevel =
            gateway.get(&format!("/v1/stock/{}", path_segment(sku.as_str())), As::Service).await?;
        tracing::debug!(sku = sku.as_str(), on_hand = level.on_hand, "stock received");
    }
    Ok(())
}

fn stock_of(retail: &Retail, each: Option<u32>) -> anyhow::Result<BTreeMap<Sku, Quantity>> {
    let mut stock = stock_for_all(&retail.sales);
    if let Some(pieces) = each {
        let pieces = Quantity::new(pieces.into())?;
        stock.values_mut().for_each(|quantity| *quantity = pieces);
    }
    Ok(stock)
}

/// Percent-encodes all but unreserved characters (RFC 3986).
#[must_use]
pub fn path_segment(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

impl Imported {
    /// For people.
    pub fn print(&self) {
        println!(
            "{} rows, {} products, {} pieces (file {})",
            self.rows, self.products, self.pieces, self.hash
        );
        list("rows not taken over", &self.dropped_rows);
        list("of them not goods", &self.not_goods);
        list("invoices not taken over", &self.dropped_sales);
    }
}

/// Prints counts by name, if there are any.
pub fn list(title: &str, counts: &BTreeMap<String, u64>) {
    if counts.is_empty() {
        return;
    }
    let parts: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
    println!("{title}: {} ({})", counts.values().sum::<u64>(), parts.join(", "));
}
