//! Which sale an invoice of returned goods belongs to: the data does not say, so a rule does.

use super::{Counts, Invoice, Retail, count};
use std::collections::BTreeSet;

/// A sale that the data says was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Number of the invoice that takes goods back.
    pub number: String,
    /// Place of the sale in [`Retail::sales`].
    pub sale: usize,
    /// It takes back all that the sale had.
    pub whole: bool,
}

/// Why no sale was found for a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untraced {
    /// The invoice has no customer.
    NoCustomer,
    /// The customer bought nothing before, in this file.
    NothingBefore,
    /// The customer bought before, but no open order has all the goods at that price in that number.
    NoSuchGoods,
}

impl Untraced {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCustomer => "no customer",
            Self::NothingBefore => "nothing bought before",
            Self::NoSuchGoods => "no earlier order has these goods",
        }
    }
}

/// Finds for each return the latest earlier sale of the same customer, not yet taken back, that has each of its
/// SKUs (so the same price) in at least its quantity. Starling cancels whole orders, so the whole sale goes back.
#[must_use]
pub fn trace(retail: &Retail) -> (Vec<Return>, Counts) {
    let (mut found, mut untraced) = (vec![], Counts::new());
    let mut taken_back = BTreeSet::new();
    for (before, back) in &retail.returns {
        match sale_of(back, retail.sales.get(..*before).unwrap_or_default(), &taken_back) {
            Ok(sale) => {
                taken_back.insert(sale);
                let whole = retail.sales.get(sale).is_some_and(|sale| is_whole(back, sale));
                found.push(Return { number: back.number.clone(), sale, whole });
            }
            Err(why) => count(&mut untraced, why.name()),
        }
    }
    (found, untraced)
}

fn sale_of(back: &Invoice, earlier: &[Invoice], taken_back: &BTreeSet<usize>) -> Result<usize, Untraced> {
    if !back.known_customer {
        return Err(Untraced::NoCustomer);
    }
    let mut of_customer =
        earlier.iter().enumerate().rev().filter(|(_, sale)| sale.customer == back.customer).peekable();
    if of_customer.peek().is_none() {
        return Err(Untraced::NothingBefore);
    }
    let has_all =
        |sale: &Invoice| back.lines.iter().all(|line| sale.quantity_of(&line.sku) >= line.quantity.get());
    of_customer
        .find(|(place, sale)| !taken_back.contains(place) && has_all(sale))
        .map(|(place, _)| place)
        .ok_or(Untraced::NoSuchGoods)
}

fn is_whole(back: &Invoice, sale: &Invoice) -> bool {
    sale.lines.iter().all(|line| back.quantity_of(&line.sku) >= line.quantity.get())
}

#[cfg(test)]
mod tests {
    use super::{super::Source, *};

    #[track_caller]
    fn check(rows: &str, sales: &[(&str, &str)], untraced: &[(&str, u64)]) {
        let header = "InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country\n";
        let retail = Retail::read(&Source::of(format!("{header}{rows}").into_bytes())).unwrap();
        let (found, lost) = trace(&retail);
        let found: Vec<(&str, &str)> =
            found.iter().map(|r| (r.number.as_str(), retail.sales[r.sale].number.as_str())).collect();
        assert_eq!(found, sales);
        let lost: Vec<(&str, u64)> = lost.iter().map(|(why, n)| (why.as_str(), *n)).collect();
        assert_eq!(lost, untraced);
    }

    const FRANCE: &str = "7,France\n";

    #[test]
    fn the_latest_earlier_order_that_has_the_goods_is_taken_back_and_only_once() {
        let rows = format!(
            "1,A,a,5,1.00,{FRANCE}2,A,a,5,1.00,{FRANCE}C3,A,a,-2,1,{FRANCE}C4,A,a,-2,1,{FRANCE}C5,A,a,-2,1,{FRANCE}"
        );
        check(&rows, &[("C3", "2"), ("C4", "1")], &[("no earlier order has these goods", 1)]);
    }

    #[test]
    fn another_price_more_pieces_another_customer_or_a_later_order_do_not_match() {
        check(
            &format!("1,A,a,5,1,{FRANCE}C2,A,a,-1,2,{FRANCE}"),
            &[],
            &[("no earlier order has these goods", 1)],
        );
        check(
            &format!("1,A,a,5,1,{FRANCE}C2,A,a,-6,1,{FRANCE}"),
            &[],
            &[("no earlier order has these goods", 1)],
        );
        check(&format!("1,A,a,5,1,8,France\nC2,A,a,-1,1,{FRANCE}"), &[], &[("nothing bought before", 1)]);
        check(&format!("C2,A,a,-1,1,{FRANCE}3,A,a,5,1,{FRANCE}"), &[], &[("nothing bought before", 1)]);
        check("1,A,a,5,1,,France\nC2,A,a,-1,1,,France\n", &[], &[("no customer", 1)]);
    }

    #[test]
    fn equal_lines_are_merged_before_they_are_compared() {
        let rows = format!("1,a,a,2,1.0,{FRANCE}1,A,a,3,1,{FRANCE}C2,A,a,-5,1,{FRANCE}");
        check(&rows, &[("C2", "1")], &[]);
    }
}
