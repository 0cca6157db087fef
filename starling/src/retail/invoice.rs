//! Invoices: rows that belong together, with equal lines merged.

use super::{
    Counts, Goods, buyer, count, country_of,
    line::{self, Row},
    source::Source,
};
use anyhow::Context;
use contracts::{Address, CustomerId, Line, MAX_LINES, Quantity, Sku};
use std::collections::BTreeMap;

/// An invoice with at least one line of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number, as the file has it.
    pub number: String,
    /// Whose: a known customer's, or nobody's.
    pub known_customer: bool,
    /// Derived from the customer's number, or from the invoice's where there is none.
    pub customer: CustomerId,
    /// Made up, but for the country.
    pub address: Address,
    /// Each SKU once, in the order of the file.
    pub lines: Vec<Goods>,
}

impl Invoice {
    /// As an order has them.
    #[must_use]
    pub fn order_lines(&self) -> Vec<Line> {
        self.lines.iter().map(Goods::line).collect()
    }

    /// How many it has of a SKU.
    #[must_use]
    pub fn quantity_of(&self, sku: &Sku) -> u32 {
        self.lines.iter().find(|line| line.sku == *sku).map_or(0, |line| line.quantity.get())
    }
}

/// Why an invoice is not taken over at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplaced {
    /// All its rows were dropped.
    NoGoods,
    /// What stands for its country is none.
    NoCountry,
    /// More lines than an order may have.
    TooManyLines,
}

impl Unplaced {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoGoods => "no goods on it",
            Self::NoCountry => "no country",
            Self::TooManyLines => "more than 1,000 lines",
        }
    }
}

/// All that a file says.
#[derive(Debug, Default)]
pub struct Retail {
    /// Of the file.
    pub hash: String,
    /// Rows in the file.
    pub rows: u64,
    /// Sales, in the order of the file.
    pub sales: Vec<Invoice>,
    /// Goods that came back, in the order of the file; each with the number of sales before it.
    pub returns: Vec<(usize, Invoice)>,
    /// Rows that were dropped, by reason.
    pub dropped_rows: Counts,
    /// Rows that are not goods, by code.
    pub not_goods: Counts,
    /// Sales that were dropped whole, by reason.
    pub dropped_sales: Counts,
    /// Returns that were dropped whole, by reason.
    pub dropped_returns: Counts,
}

impl Retail {
    /// Reads a file.
    ///
    /// # Errors
    /// When a column is missing or a row is no CSV.
    pub fn read(source: &Source) -> anyhow::Result<Self> {
        let mut retail = Self { hash: source.hash.clone(), ..Self::default() };
        let mut reader = csv::Reader::from_reader(source.text.as_bytes());
        let mut open: Option<Open> = None;
        for (number, row) in reader.deserialize::<Row>().enumerate() {
            let row = row.with_context(|| format!("row {}", number + 2))?;
            retail.rows += 1;
            if open.as_ref().is_none_or(|open| open.number != row.invoice_no) {
                let done = open.replace(Open::new(&row));
                retail.close(done);
            }
            if let Some(open) = &mut open {
                retail.take(open, &row);
            }
        }
        retail.close(open);
        Ok(retail)
    }

    fn take(&mut self, open: &mut Open, row: &Row) {
        match line::read(row, open.returned()) {
            Ok(goods) => open.merge(goods),
            Err(why) => {
                count(&mut self.dropped_rows, why.name());
                if why == super::Dropped::NotGoods {
                    count(&mut self.not_goods, row.stock_code.trim());
                }
            }
        }
    }

    fn close(&mut self, done: Option<Open>) {
        let Some(done) = done else { return };
        let returned = done.returned();
        match done.close() {
            Ok(invoice) if returned => self.returns.push((self.sales.len(), invoice)),
            Ok(invoice) => self.sales.push(invoice),
            Err(why) if returned => count(&mut self.dropped_returns, why.name()),
            Err(why) => count(&mut self.dropped_sales, why.name()),
        }
    }
}

/// An invoice whose rows are being read.
struct Open {
    number: String,
    customer: Option<String>,
    country: String,
    lines: Vec<Goods>,
    places: BTreeMap<Sku, usize>,
}

impl Open {
    fn new(row: &Row) -> Self {
        let customer = row.customer_id.trim();
        Self {
            number: row.invoice_no.clone(),
            customer: (!customer.is_empty()).then(|| customer.to_owned()),
            country: row.country.clone(),
            lines: vec![],
            places: BTreeMap::new(),
        }
    }

    fn returned(&self) -> bool {
        self.number.starts_with(['C', 'c'])
    }

    /// Equal lines become one; so large a sum that no line may have it stays two.
    fn merge(&mut self, goods: Goods) {
        if let Some(line) = self.places.get(&goods.sku).and_then(|place| self.lines.get_mut(*place)) {
            let sum = i64::from(line.quantity.get()) + i64::from(goods.quantity.get());
            if let Ok(sum) = Quantity::new(sum) {
                line.quantity = sum;
                return;
            }
        }
        self.places.insert(goods.sku.clone(), self.lines.len());
        self.lines.push(goods);
    }

    fn close(self) -> Result<Invoice, Unplaced> {
        if self.lines.is_empty() {
            return Err(Unplaced::NoGoods);
        }
        if self.lines.len() > MAX_LINES {
            return Err(Unplaced::TooManyLines);
        }
        let country = country_of(&self.country).ok_or(Unplaced::NoCountry)?;
        let number = self.customer.as_deref();
        Ok(Invoice {
            known_customer: number.is_some(),
            customer: buyer::customer_of(number, &self.number),
            address: buyer::address(number, country),
            number: self.number,
            lines: self.lines,
        })
    }
}
