//! What becomes of each kind of dirt.

#![expect(clippy::unwrap_used, reason = "a test fails where it meets the unexpected")]

use starling::retail::{Retail, Source, customer_of, products, stock_for_all, trace};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country\n";

fn read(rows: &str) -> Retail {
    Retail::read(&Source::of(format!("{HEADER}{rows}").into_bytes())).unwrap()
}

#[test]
fn one_product_for_each_code_and_price_named_by_its_first_description() {
    let retail = read(
        "1,85123A,HEART  T-LIGHT,6,2.55,7,France\n\
         2,85123a,ANOTHER NAME,3,2.55,7,France\n\
         3,85123A,HEART,1,2.95,7,France\n",
    );
    let products = products(&retail.sales).unwrap();
    let seen: Vec<(&str, &str, i64)> =
        products.iter().map(|p| (p.sku.as_str(), p.name.as_str(), p.price.minor())).collect();
    assert_eq!(seen, [("85123A@2.55", "HEART T-LIGHT", 255), ("85123A@2.95", "HEART", 295)]);
    let stock: Vec<u32> = stock_for_all(&retail.sales).values().map(|pieces| pieces.get()).collect();
    assert_eq!(stock, [9, 1]);
}

#[test]
fn equal_lines_are_merged_and_lines_at_another_price_are_not() {
    let retail =
        read("1,A,a,6,2.55,7,France\n1,a,a,4,2.550,7,France\n1,A,a,4,2.55,7,France\n1,A,a,1,2.5,7,France\n");
    let lines: Vec<(&str, u32)> =
        retail.sales[0].lines.iter().map(|line| (line.sku.as_str(), line.quantity.get())).collect();
    assert_eq!(lines, [("A@2.55", 10), ("A@2.50", 1)]);
    assert_eq!(retail.dropped_rows.get("price not in whole pence"), Some(&1));
}

#[test]
fn every_row_is_sold_returned_or_counted() {
    let retail = read(
        "1,A,a,6,2.55,7,France\n\
         1,POST,POSTAGE,1,18,7,France\n\
         2,A,,-5,0,,United Kingdom\n\
         3,A,?,5,0,,United Kingdom\n\
         4,A,a,5,1,7,Unspecified\n\
         C5,D,Discount,-1,27.5,7,France\n\
         C6,A,a,-1,2.55,7,France\n",
    );
    assert_eq!(retail.rows, 7);
    assert_eq!(retail.sales.len(), 1);
    assert_eq!(retail.returns.len(), 1);
    let count = |counts: &starling::retail::Counts| -> Vec<(String, u64)> {
        counts.iter().map(|(name, n)| (name.clone(), *n)).collect()
    };
    let pair = |name: &str, n| (name.to_owned(), n);
    assert_eq!(count(&retail.dropped_rows), [pair("not goods", 2), pair("price 0", 1), pair("quantity", 1)]);
    assert_eq!(count(&retail.not_goods), [pair("D", 1), pair("POST", 1)]);
    assert_eq!(count(&retail.dropped_sales), [pair("no country", 1), pair("no goods on it", 2)]);
    assert_eq!(count(&retail.dropped_returns), [pair("no goods on it", 1)]);
    assert_eq!(trace(&retail).0.len(), 1);
}

#[test]
fn a_known_customer_is_the_same_everywhere_and_a_guest_is_one_for_each_invoice() {
    assert_eq!(customer_of(Some("7"), "1"), customer_of(Some("7"), "2"));
    assert_ne!(customer_of(Some("7"), "1"), customer_of(Some("8"), "1"));
    assert_ne!(customer_of(None, "1"), customer_of(None, "2"));
    assert_ne!(customer_of(None, "7"), customer_of(Some("7"), "7"));
}

#[test]
fn the_same_content_has_the_same_hash_whether_packed_or_not() {
    use std::io::Write;
    let text = format!("{HEADER}1,A,a,6,2.55,7,France\n");
    let mut packer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    let folder = std::env::temp_dir().join(format!("starling-retail-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.csv"), &text).unwrap();
    std::fs::write(folder.join("a.csv.gz"), packer.finish().unwrap()).unwrap();
    let plain = Source::read(&folder.join("a.csv")).unwrap();
    let packed = Source::read(&folder.join("a.csv.gz")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((plain.hash, plain.text), (packed.hash, packed.text));
}

#[test]
fn text_that_is_not_utf_8_is_latin_1() {
    let mut bytes = HEADER.as_bytes().to_vec();
    bytes.extend(b"1,A,CAF\xc9,6,2.55,7,France\n");
    let retail = Retail::read(&Source::of(bytes)).unwrap();
    assert_eq!(retail.sales[0].lines[0].description, "CAFÉ");
}

#[test]
fn a_missing_column_is_told() {
    let error = Retail::read(&Source::of(b"InvoiceNo,StockCode\n1,A\n".to_vec())).unwrap_err();
    assert!(format!("{error:#}").contains("Description"), "{error:#}");
}
