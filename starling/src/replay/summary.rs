//! What came of a replay, for people and as JSON.

use super::{place::Placed, take_back::TakenBack};
use crate::{
    import::list,
    retail::{Counts, Invoice, Retail, Return, count, pounds},
};
use contracts::{Amount, OrderStatus, Sku};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// The most problems that are told one by one.
const TOLD: usize = 20;

/// What came of a replay.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Of the file's content.
    pub hash: String,
    /// Invoices in the file that were placed as orders.
    pub orders: usize,
    /// Of them: placed by an earlier replay of the same file.
    pub already_there: usize,
    /// Standing at the end: confirmed, and not taken back.
    pub confirmed: usize,
    /// Cancelled at the end, by reason.
    pub cancelled: Counts,
    /// Pieces in standing orders.
    pub units: u64,
    /// Worth of standing orders in minor units, by currency.
    pub revenue: BTreeMap<String, i64>,
    /// Orders settled a second, from the first request until the last order was settled (before returns).
    pub orders_per_s: f64,
    /// Seconds until the last order was settled (before returns).
    pub seconds: f64,
    /// From a request to place an order until the client knew that it is confirmed, in milliseconds.
    pub accept_to_confirmed_ms: Option<Latency>,
    /// Requests that were sent again because the gateway was away or overloaded.
    pub retries: u64,
    /// Invoices that take goods back and were traced to an order.
    pub returns: usize,
    /// Of them: take back all that the order had.
    pub returns_whole: usize,
    /// What came of them.
    pub returned: Counts,
    /// Invoices that take goods back for which no order was found, by reason.
    pub untraced_returns: Counts,
    /// Rows that were dropped, by reason.
    pub dropped_rows: Counts,
    /// Invoices of sales that were dropped whole, by reason.
    pub dropped_sales: Counts,
    /// Invoices of returns that were dropped whole, by reason.
    pub dropped_returns: Counts,
    /// The most pieces of one product that were sold at the same time, and which.
    pub most_sold: Option<Sold>,
    /// What went wrong: orders that were refused or never settled, products sold beyond their stock.
    pub problems: Vec<String>,
}

/// So many pieces of a product.
#[derive(Debug, Serialize)]
pub struct Sold {
    /// Which.
    pub sku: Sku,
    /// How many.
    pub pieces: u64,
}

/// Times, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Half of them were shorter.
    pub p50: u64,
    /// All but one in a hundred were shorter.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

impl Summary {
    /// What came of the sales.
    pub(super) fn of_sales(retail: &Retail, placed: &[anyhow::Result<Placed>], settled_in: Duration) -> Self {
        let mut summary = Self {
            hash: retail.hash.clone(),
            orders: placed.len(),
            dropped_rows: retail.dropped_rows.clone(),
            dropped_sales: retail.dropped_sales.clone(),
            dropped_returns: retail.dropped_returns.clone(),
            seconds: settled_in.as_secs_f64(),
            ..Self::default()
        };
        let mut waits = vec![];
        for (sale, placed) in retail.sales.iter().zip(placed) {
            match placed {
                Err(error) => summary.problems.push(format!("{error:#}")),
                Ok(placed) => {
                    summary.already_there += usize::from(placed.already_there);
                    if placed.status == OrderStatus::Cancelled {
                        count(&mut summary.cancelled, placed.reason.as_deref().unwrap_or("unknown"));
                    } else {
                        waits.extend(placed.settled_in);
                        summary.stands(sale);
                    }
                }
            }
        }
        let fresh = summary.orders - summary.already_there;
        #[expect(clippy::cast_precision_loss, reason = "a number to look at")]
        let fresh = fresh as f64;
        summary.orders_per_s = fresh / summary.seconds.max(f64::EPSILON);
        summary.accept_to_confirmed_ms = latency(waits);
        summary
    }

    /// Fails when more of a product was sold than there was.
    pub(super) fn check_stock(
        &mut self,
        stock: Option<u32>,
        sales: &[Invoice],
        placed: &[anyhow::Result<Placed>],
    ) {
        let mut sold: BTreeMap<&Sku, u64> = BTreeMap::new();
        for (sale, placed) in sales.iter().zip(placed) {
            if placed.as_ref().is_ok_and(|placed| placed.status != OrderStatus::Cancelled) {
                for line in &sale.lines {
                    *sold.entry(&line.sku).or_default() += u64::from(line.quantity.get());
                }
            }
        }
        let most = sold.iter().max_by_key(|(_, pieces)| **pieces);
        self.most_sold = most.map(|(sku, pieces)| Sold { sku: (*sku).clone(), pieces: *pieces });
        let Some(stock) = stock else { return };
        for (sku, pieces) in sold.into_iter().filter(|(_, pieces)| *pieces > u64::from(stock)) {
            self.problems.push(format!("{sku}: {pieces} sold of {stock}"));
        }
    }

    /// What came of the returns.
    pub(super) fn add_returns(
        &mut self,
        retail: &Retail,
        returns: &[Return],
        taken_back: &[anyhow::Result<TakenBack>],
        untraced: Counts,
    ) {
        self.returns = returns.len();
        self.returns_whole = returns.iter().filter(|back| back.whole).count();
        self.untraced_returns = untraced;
        for (back, came) in returns.iter().zip(taken_back) {
            let what = match came {
                Err(error) => {
                    self.problems.push(format!("{error:#}"));
                    continue;
                }
                Ok(TakenBack::Cancelled) => {
                    if let Some(sale) = retail.sales.get(back.sale) {
                        self.falls(sale);
                    }
                    "cancelled"
                }
                Ok(TakenBack::Before) => "cancelled before",
                Ok(TakenBack::NeverSold) => "the order had not been sold",
                Ok(TakenBack::TooLate) => "too late",
            };
            count(&mut self.returned, what);
        }
    }

    /// Nothing went wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    fn stands(&mut self, sale: &Invoice) {
        self.confirmed += 1;
        self.units += units(sale);
        *self.revenue.entry("GBP".into()).or_default() += worth(sale);
    }

    fn falls(&mut self, sale: &Invoice) {
        self.confirmed -= 1;
        self.units -= units(sale);
        *self.revenue.entry("GBP".into()).or_default() -= worth(sale);
        count(&mut self.cancelled, "by_customer");
    }

    /// For people.
    pub fn print(&self) {
        let again = if self.already_there > 0 {
            format!(", {} of them were already there", self.already_there)
        } else {
            String::new()
        };
        println!("{} orders{again} (file {})", self.orders, self.hash);
        println!("confirmed: {}, {} units", self.confirmed, self.units);
        for (currency, minor) in &self.revenue {
            println!(
                "revenue: {} {currency}",
                Amount::new(*minor).map_or_else(|_| minor.to_string(), pounds)
            );
        }
        list("cancelled", &self.cancelled);
        println!("settled in {:.1} s, {:.0} orders a second", self.seconds, self.orders_per_s);
        if let Some(Latency { p50, p99, max }) = &self.accept_to_confirmed_ms {
            println!("accept to confirmed: p50 {p50} ms, p99 {p99} ms, longest {max} ms");
        }
        if let Some(Sold { sku, pieces }) = &self.most_sold {
            println!("most sold at once: {pieces} of {sku}");
        }
        list("invoices that take goods back, traced to an order", &self.returned);
        println!("of them the whole order: {}", self.returns_whole);
        list("invoices that take goods back, not traced", &self.untraced_returns);
        list("rows not taken over", &self.dropped_rows);
        list("invoices of sales not taken over", &self.dropped_sales);
        list("invoices of returns not taken over", &self.dropped_returns);
        if self.retries > 0 {
            println!("requests sent again: {}", self.retries);
        }
        for problem in self.problems.iter().take(TOLD) {
            eprintln!("problem: {problem}");
        }
        if self.problems.len() > TOLD {
            eprintln!("and {} more problems", self.problems.len() - TOLD);
        }
    }
}

fn units(sale: &Invoice) -> u64 {
    sale.lines.iter().map(|line| u64::from(line.quantity.get())).sum()
}

fn worth(sale: &Invoice) -> i64 {
    sale.lines.iter().map(|line| line.price.minor() * i64::from(line.quantity.get())).sum()
}

fn latency(mut waits: Vec<Duration>) -> Option<Latency> {
    waits.sort_unstable();
    let at = |percent: usize| {
        let place = (waits.len() * percent).div_ceil(100).saturating_sub(1);
        waits.get(place).map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    };
    Some(Latency { p50: at(50)?, p99: at(99)?, max: at(100)? })
}
