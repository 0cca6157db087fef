//! Answers: what a cart costs.

use crate::store::{self, listing::ForSale};
use chassis::{Ctx, Db, Fault, clock};
use contracts::{
    CartLine, CartQuote, Currency, Item, MAX_CART_LINES, MAX_CODES, MissingLine, OrderId, Prices, QuoteCart,
    Refusal, Timestamp, WhyMissing,
};
use pricing::{Ask, NotPriced, Quote, folded};
use sqlx::PgPool;
use std::collections::BTreeMap;

/// `req.catalog.quote`
pub async fn quote_cart(ctx: Ctx, prices: Prices, asked: QuoteCart) -> Result<CartQuote, Fault> {
    quote(&ctx.db, prices, &asked, clock::now()).await
}

/// Says what a cart costs, by what the catalog says at this moment. For an order, also counts the uses of its codes, in
/// the same transaction that read them.
///
/// # Errors
/// [`Refusal::Invalid`] when there is too much of something, or no tax rate for the destination.
pub async fn quote(
    db: &PgPool,
    prices: Prices,
    asked: &QuoteCart,
    now: Timestamp,
) -> Result<CartQuote, Fault> {
    check(asked)?;
    let mut tx = db.begin().await?;
    let skus = asked.lines.iter().map(|line| line.sku.as_str()).collect();
    let known = store::listing::for_sale(&mut tx, skus).await?;
    let known: BTreeMap<_, _> = known.iter().map(|one| (&one.sku, one)).collect();
    let (mut lines, mut missing) = (vec![], vec![]);
    for line in &asked.lines {
        match item(line, known.get(&line.sku).copied(), asked.currency) {
            Ok(item) => lines.push(item),
            Err(why) => missing.push(MissingLine { sku: line.sku.clone(), why }),
        }
    }
    if lines.is_empty() {
        return Ok(CartQuote { breakdown: None, codes: vec![], missing });
    }
    // What cannot be bought as a whole, or for what the customer saw, uses no coupon.
    let order = asked.order.filter(|_| missing.is_empty());
    let Quote { breakdown, codes } =
        priced(&mut tx, prices, asked, now, lines, order.map(|order| order.order_id)).await?;
    let order = order.filter(|order| order.total == breakdown.totals.total);
    if let (Some(order), Some(customer)) = (order, asked.customer_id) {
        let used: Vec<String> = codes
            .iter()
            .filter(|answer| answer.refused.is_none())
            .map(|answer| folded(&answer.code))
            .collect();
        if !used.is_empty() {
            store::coupons::take(&mut tx, &used, customer, order.order_id).await?;
        }
    }
    tx.commit().await?;
    Ok(CartQuote { breakdown: Some(breakdown), codes, missing })
}

async fn priced(
    db: &mut Db,
    prices: Prices,
    asked: &QuoteCart,
    at: Timestamp,
    lines: Vec<Item>,
    order: Option<OrderId>,
) -> Result<Quote, Fault> {
    let codes: Vec<String> = asked.codes.iter().map(folded).collect();
    let coupons = match codes.is_empty() {
        true => vec![],
        false => store::coupons::behind(db, &codes, asked.customer_id, order).await?,
    };
    let ask = Ask {
        currency: asked.currency,
        prices,
        destination: asked.destination.clone(),
        at,
        lines,
        promotions: store::rules::promotions(db).await?,
        coupons,
        codes: asked.codes.clone(),
        tax_rates: store::rules::tax_rates(db, Some(asked.destination.country.as_str())).await?,
    };
    pricing::quote(&ask).map_err(|why| refused(&why).into())
}

fn check(asked: &QuoteCart) -> Result<(), Refusal> {
    if asked.lines.len() > MAX_CART_LINES {
        return Err(invalid("lines", format!("at most {MAX_CART_LINES}")));
    }
    if asked.codes.len() > MAX_CODES {
        return Err(invalid("codes", format!("at most {MAX_CODES}")));
    }
    if asked.order.is_some() && asked.customer_id.is_none() {
        return Err(invalid("customer_id", "is needed for an order".to_owned()));
    }
    Ok(())
}

fn item(line: &CartLine, known: Option<&ForSale>, currency: Currency) -> Result<Item, WhyMissing> {
    let known = known.ok_or(WhyMissing::Unknown)?;
    if !known.sold {
        return Err(WhyMissing::NotSold);
    }
    let price = known.prices.iter().find(|price| price.currency == currency).ok_or(WhyMissing::NoPrice)?;
    Ok(Item {
        sku: line.sku.clone(),
        quantity: line.quantity,
        unit_price: price.amount,
        tax_category: known.tax_category.clone(),
        categories: known.categories.clone(),
    })
}

/// What the customer can do something about, by its field.
fn refused(why: &NotPriced) -> Refusal {
    let field = match why {
        NotPriced::NoTaxRate { .. } => "destination",
        NotPriced::TooMany { .. }
        | NotPriced::Differs { .. }
        | NotPriced::Quantity { .. }
        | NotPriced::TooLarge(_)
        | NotPriced::PromotionTwice { .. }
        | NotPriced::CouponTwice { .. }
        | NotPriced::NoCurrency { .. } => "lines",
    };
    invalid(field, why.to_string())
}

fn invalid(field: &str, why: String) -> Refusal {
    Refusal::Invalid { field: field.to_owned(), why }
}
