//! Law 1 within inventory: movements, reservations and counters agree, and nothing is sold that is not there.

use super::{
    Check, Law,
    books::{Books, rows},
};

/// The checks, each a query for what offends.
pub async fn checks(books: &Books) -> anyhow::Result<Vec<Check>> {
    const ALL: [(&str, &str); 4] = [
        (
            "the movements of a SKU add up to what is on hand",
            "select sku, 'on hand ' || coalesce(s.on_hand, 0) || ', movements ' || coalesce(m.pieces, 0)
             from stock s full join (select sku, sum(quantity) as pieces from movement group by sku) m using (sku)
             where coalesce(s.on_hand, 0) <> coalesce(m.pieces, 0)",
        ),
        (
            "the live reservations of a SKU add up to what is reserved",
            "select sku, 'reserved ' || coalesce(s.reserved, 0) || ', by orders ' || coalesce(o.pieces, 0)
             from stock s full join (
               select line.key as sku, sum(line.value::bigint) as pieces
               from stock_order, jsonb_each_text(lines) line where state = 'reserved' group by line.key) o using (sku)
             where coalesce(s.reserved, 0) <> coalesce(o.pieces, 0)",
        ),
        (
            "no SKU is sold beyond its stock",
            "select sku, 'on hand ' || on_hand || ', reserved ' || reserved
             from stock where on_hand < reserved or reserved < 0",
        ),
        (
            "what left the house is what its order held",
            "select coalesce(o.order_id, m.order_id)::text, 'held ' || coalesce(o.pieces, 0) || ', left ' || coalesce(m.pieces, 0)
             from (select order_id, sum(line.value::bigint) as pieces
                   from stock_order, jsonb_each_text(lines) line where state = 'committed' group by order_id) o
             full join (select order_id, -sum(quantity) as pieces
                        from movement where order_id is not null group by order_id) m using (order_id)
             where coalesce(o.pieces, 0) <> coalesce(m.pieces, 0)",
        ),
    ];
    let (skus,): (i64,) = sqlx::query_as("select count(*) from stock").fetch_one(&books.inventory).await?;
    let mut checks = vec![];
    for (name, sql) in ALL {
        let mut check = Check::new(Law::Stock, name);
        check.looked_at = usize::try_from(skus)?;
        check.offenders = rows(&books.inventory, sql).await?;
        checks.push(check);
    }
    Ok(checks)
}
