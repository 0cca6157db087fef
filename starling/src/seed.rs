//! `starling seed`: a small shop to try things with.

mod window;

use crate::{
    gateway_client::{Door, GatewayClient},
    import::{copied, import_products, receive},
    operator::Operator,
};
use chassis::settings;
use clap::Args;
use contracts::{Amount, Product, ProductVersion, Quantity, Sku, Text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What comes in of each product.
const PIECES: i64 = 1_000;

/// SKU, name, price in minor units, currency.
const SHOP: [(&str, &str, i64, &str); 24] = [
    ("TEA-ASSAM-250", "Assam tea, 250 g", 795, "GBP"),
    ("TEA-EARL-GREY-250", "Earl Grey tea, 250 g", 845, "GBP"),
    ("TEA-SENCHA-100", "Sencha tea, 100 g", 1_150, "GBP"),
    ("TEAPOT-BROWN", "Brown Betty teapot", 2_495, "GBP"),
    ("TEAPOT-GLASS", "Glass teapot with strainer", 3_250, "GBP"),
    ("MUG-STARLING", "Mug with a starling", 1_095, "GBP"),
    ("MUG-ROBIN", "Mug with a robin", 1_095, "GBP"),
    ("CUP-SAUCER-BLUE", "Cup and saucer, blue", 1_450, "GBP"),
    ("CAKE-STAND-3", "Cake stand, three tiers", 3_995, "GBP"),
    ("TIN-BISCUIT", "Biscuit tin", 1_250, "GBP"),
    ("SHORTBREAD-200", "Shortbread, 200 g", 425, "GBP"),
    ("JAM-DAMSON", "Damson jam", 395, "GBP"),
    ("HONEY-HEATHER", "Heather honey", 650, "GBP"),
    ("NAPKIN-LINEN-4", "Linen napkins, four", 1_895, "GBP"),
    ("APRON-STRIPED", "Apron, striped", 1_995, "GBP"),
    ("BUNTING-SPOTS", "Bunting with spots", 1_295, "GBP"),
    ("LANTERN-WHITE", "White metal lantern", 895, "GBP"),
    ("CANDLE-BEESWAX", "Beeswax candle", 550, "GBP"),
    ("BIRD-FEEDER", "Bird feeder", 1_650, "GBP"),
    ("BIRD-SEED-2KG", "Bird seed, 2 kg", 725, "GBP"),
    ("GIFT-BOX-EUR", "Gift box", 2_900, "EUR"),
    ("TEA-CHEST-EUR", "Tea chest, twelve sorts", 4_900, "EUR"),
    ("GIFT-BOX-USD", "Gift box", 3_200, "USD"),
    // A currency without a minor unit: the price is in yen.
    ("GIFT-BOX-JPY", "Gift box", 4_800, "JPY"),
];

/// Where to.
#[derive(Debug, Args)]
pub struct SeedArgs {
    /// The gateway.
    #[command(flatten)]
    pub door: Door,
    /// The flock's parts.
    #[command(flatten)]
    pub places: settings::Parts,
}

/// Makes the products, a listing with variants, taxes, a coupon, and the stock of all, and waits until they can be ordered. Safe to repeat: it adds nothing.
/// Returns the body of an order for some of them.
///
/// # Errors
/// When the gateway refuses, or a service does not catch up in time.
pub async fn seed(args: &SeedArgs) -> anyhow::Result<Value> {
    let gateway = GatewayClient::new(&args.door, &args.places.secret)?;
    let operator = Operator::sign_in(&args.places).await?;
    let products = SHOP.iter().map(product).collect::<anyhow::Result<Vec<Product>>>()?;
    let mut versions = import_products(&gateway, &products).await?;
    let variants = window::dress(&gateway).await?;
    let pieces = Quantity::new(PIECES)?;
    let skus = products.iter().map(|product| &product.sku).chain(&variants);
    let stock: BTreeMap<Sku, Quantity> = skus.map(|sku| (sku.clone(), pieces)).collect();
    versions.extend(variants.into_iter().map(|sku| ProductVersion { sku, version: 1 }));
    receive(&gateway, "seed", &stock).await?;
    copied(&operator, &versions, gateway.patience()).await?;
    operator.caught_up("COMMANDS", "inventory", gateway.patience()).await?;
    for product in &products {
        eprintln!(
            "{:20} {:8} {} {}",
            product.sku.as_str(),
            product.price.minor(),
            product.currency,
            product.name
        );
    }
    eprintln!("{} products, {PIECES} pieces of each; an order for some of them:", products.len());
    Ok(order())
}

fn product((sku, name, price, currency): &(&str, &str, i64, &str)) -> anyhow::Result<Product> {
    Ok(Product {
        sku: Sku::new(*sku)?,
        name: Text::new(*name)?,
        price: Amount::new(*price)?,
        currency: currency.parse()?,
        active: true,
    })
}

/// An order that this shop can serve.
fn order() -> Value {
    json!({
        "currency": "GBP",
        "lines": [
            { "sku": "TEA-ASSAM-250", "quantity": 2, "unit_price": 795 },
            { "sku": "MUG-STARLING", "quantity": 1, "unit_price": 1_095 },
        ],
        "address": {
            "name": "Ada Example",
            "line1": "1 Sample Street",
            "city": "Leeds",
            "postal_code": "LS1 1AA",
            "country": "GB",
        },
        "payment": { "method": "sandbox.succeeds" },
    })
}
