//! Law 1 between orders and inventory: what stands is set aside, what is cancelled is put back.

use super::{
    Check, Law,
    books::{Books, Orders, rows},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Compares every order with its hold.
pub async fn check(books: &Books, orders: &Orders) -> anyhow::Result<Check> {
    let mut check = Check::new(Law::Stock, "orders that stand hold their stock, cancelled ones none");
    let holds: Vec<(Uuid, String)> =
        rows(&books.inventory, "select order_id, state from stock_order").await?;
    let holds: BTreeMap<Uuid, String> = holds.into_iter().collect();
    for (id, order) in orders {
        let hold = holds.get(id).map_or("nothing", String::as_str);
        let right = match order.state.as_str() {
            "confirmed" => hold == "reserved",
            "dispatched" | "completed" => hold == "committed",
            "cancelled" | "alias" | "awaited" => !matches!(hold, "reserved" | "committed"),
            _ => hold != "committed",
        };
        if !right {
            check.offends(id, format!("the order is {}, its stock {hold}", order.state));
        }
    }
    for (id, hold) in &holds {
        if !orders.contains_key(id) && matches!(hold.as_str(), "reserved" | "committed") {
            check.offends(id, format!("orders does not know it, its stock is {hold}"));
        }
    }
    check.looked_at = orders.len();
    Ok(check)
}
