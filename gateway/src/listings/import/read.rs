//! Reading a file of listings: NDJSON has a listing a line, CSV a variant.

use super::super::row::{self, Pairs, Row};
use crate::wording;
use contracts::{Amount, Currency, Listing, PriceIn, Prose, Sku, Slug, TaxCategory, Text, Variant};
use std::fmt::Display;

#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Ndjson,
    Csv,
}

/// A listing of the file, or the field that is wrong with it and why.
pub(super) struct Line {
    /// Counted from 1; of a listing of several lines, the first.
    pub number: usize,
    pub read: Result<(Slug, Listing), (String, String)>,
}

impl Line {
    /// How much of a request it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let listing = self.read.as_ref().map(|(_, listing)| serde_json::to_vec(listing));
        listing.map_or(0, |json| json.map_or(0, |json| json.len()))
    }
}

pub(super) fn read(format: Format, file: &[u8]) -> Vec<Line> {
    match format {
        Format::Ndjson => ndjson(file),
        Format::Csv => table(file),
    }
}

fn ndjson(file: &[u8]) -> Vec<Line> {
    let lines = (1..).zip(file.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    lines.map(|(number, line)| Line { number, read: one(line) }).collect()
}

/// `{"slug": …}` and the fields of a listing.
fn one(line: &[u8]) -> Result<(Slug, Listing), (String, String)> {
    let not_json = |error: serde_json::Error| ("line".to_owned(), contracts::without_values(&error));
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(line).map_err(not_json)?;
    let slug = object.remove("slug").ok_or_else(|| ("slug".to_owned(), "is missing".to_owned()))?;
    let slug = slug.as_str().ok_or_else(|| ("slug".to_owned(), "expected a text".to_owned()))?;
    let slug = Slug::new(slug).map_err(|why| ("slug".to_owned(), why.to_string()))?;
    let listing = serde_path_to_error::deserialize(serde_json::Value::Object(object));
    let listing = listing.map_err(|error| wording::explain(error.path(), &error.inner().to_string()));
    listing.map(|listing| (slug, listing)).map_err(|(field, why)| (field, why.to_string()))
}

fn table(file: &[u8]) -> Vec<Line> {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let mut lines: Vec<Line> = vec![];
    // The name as it is written, so that the rows of a listing that is wrong are wrong with it.
    let mut last = String::new();
    let header = csv.headers().cloned().unwrap_or_default();
    let mut record = csv::StringRecord::new();
    loop {
        let number = usize::try_from(csv.position().line()).unwrap_or_default();
        match csv.read_record(&mut record) {
            Ok(false) => return lines,
            Err(error) => lines.push(Line { number, read: Err(fault(&error)) }),
            Ok(true) => match record.deserialize::<Row>(Some(&header)) {
                Err(error) => lines.push(Line { number, read: Err(fault(&error)) }),
                Ok(row) if row.slug == last => {
                    if let Some(Line { read, .. }) = lines.last_mut() {
                        more(read, &row);
                    }
                }
                Ok(row) => {
                    lines.push(Line { number, read: first(&row) });
                    last = row.slug;
                }
            },
        }
    }
}

fn fault(error: &csv::Error) -> (String, String) {
    if let csv::ErrorKind::Deserialize { err, .. } = error.kind() {
        let field = err.field().map_or_else(|| "line".to_owned(), |column| format!("column {}", column + 1));
        return (field, "is not what the column holds".to_owned());
    }
    let why = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        format!("has {len} columns where the first line has {expected_len}")
    } else {
        "cannot be read".to_owned()
    };
    ("line".to_owned(), why)
}

fn first(row: &Row) -> Result<(Slug, Listing), (String, String)> {
    let category = Some(row.category.as_str()).filter(|category| !category.is_empty());
    let tax_category: TaxCategory = match row.tax_category.as_str() {
        "" => contracts::standard(),
        named => at("tax_category", Text::new(named))?,
    };
    let listing = Listing {
        title: at("title", Text::new(row.title.as_str()))?,
        description: at("description", Prose::new(row.description.as_str()))?,
        category: category
            .map(Slug::new)
            .transpose()
            .map_err(|why| ("category".to_owned(), why.to_string()))?,
        attributes: pairs("attributes", &row.attributes)?,
        tax_category,
        published: row.published.unwrap_or(true),
        variants: vec![variant(row)?],
    };
    Ok((at("slug", Slug::new(row.slug.as_str()))?, listing))
}

fn more(listing: &mut Result<(Slug, Listing), (String, String)>, row: &Row) {
    let variant = variant(row);
    match (&mut *listing, variant) {
        (Ok((_, listing)), Ok(variant)) => {
            match listing.variants.iter_mut().find(|one| one.sku == variant.sku) {
                // The same SKU again has another currency.
                Some(known) => known.prices.extend(variant.prices),
                None => listing.variants.push(variant),
            }
        }
        (Ok(_), Err(fault)) => *listing = Err(fault),
        (Err(_), _) => {}
    }
}

fn variant(row: &Row) -> Result<Variant, (String, String)> {
    let currency: Currency = at("currency", row.currency.parse())?;
    let sku: Sku = at("sku", Text::new(row.sku.as_str()))?;
    Ok(Variant {
        sku,
        options: pairs("options", &row.options)?,
        prices: vec![PriceIn { currency, amount: at("price", Amount::new(row.price))? }],
        weight_g: row.weight_g,
        active: row.active.unwrap_or(true),
    })
}

fn pairs(field: &str, text: &str) -> Result<Pairs, (String, String)> {
    at(field, row::read(text))
}

fn at<T, E: Display>(field: &str, read: Result<T, E>) -> Result<T, (String, String)> {
    read.map_err(|why| (field.to_owned(), why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slug and number of variants, or the field at fault.
    type Outcome = Result<(String, usize), String>;

    fn outcome(format: Format, file: &str) -> Vec<(usize, Outcome)> {
        let lines = read(format, file.as_bytes()).into_iter();
        lines
            .map(|line| {
                let read = line.read.map(|(slug, listing)| (slug.to_string(), listing.variants.len()));
                (line.number, read.map_err(|(field, _)| field))
            })
            .collect()
    }

    #[test]
    fn ndjson_has_a_listing_a_line_and_each_line_its_own_fault() {
        let good = r#"{"slug":"mug","title":"Mug","variants":[{"sku":"M","prices":[{"currency":"GBP","amount":1}]}]}"#;
        let wrong = good.replace("\"amount\":1", "\"amount\":-1");
        let file = format!("{good}\n\n{wrong}\nno json\n{{\"title\":\"x\"}}\n{}", good.replace("mug", "M!"));
        let field = |field: &str| Err(field.to_owned());
        assert_eq!(
            outcome(Format::Ndjson, &file),
            [
                (1, Ok(("mug".to_owned(), 1))),
                (3, field("variants[0].prices[0].amount")),
                (4, field("line")),
                (5, field("slug")),
                (6, field("slug")),
            ]
        );
    }

    #[test]
    fn csv_has_a_variant_a_line_and_rows_of_a_listing_follow_each_other() {
        let file = "slug,title,sku,price,currency,options\n\
                    mug,Mug,M-RED,100,GBP,colour=red\n\
                    mug,,M-BLUE,100,GBP,colour=blue; size=L\n\
                    mug,,M-BLUE,120,EUR,\n\
                    pot,\"Pot, brown\",P,x,GBP,\n\
                    tea,Tea,T,1,GBP,nothing\n\
                    jam,Jam,J,1\n\
                    cup,Cup,C,1,GBP,\n";
        let field = |field: &str| Err(field.to_owned());
        assert_eq!(
            outcome(Format::Csv, file),
            [
                (2, Ok(("mug".to_owned(), 2))),
                (5, field("column 4")),
                (6, field("options")),
                (7, field("line")),
                (8, Ok(("cup".to_owned(), 1))),
            ]
        );
    }
}
