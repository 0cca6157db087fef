//! A listing as it shall be, with its variants.

use super::{Listed, Page, Pages};
use contracts::{
    Basis, Listing, MAX_ATTRIBUTES, MAX_PRICES, MAX_VARIANTS, PriceIn, PutListing, Refusal, Sku, Slug, Text,
    Variant,
};
use std::collections::BTreeSet;

impl Pages {
    /// Makes one listing as it is wanted; its version now, and whether it was another before. What is refused changes
    /// nothing.
    pub fn put(&mut self, wanted: &PutListing) -> Result<(i64, bool), Refusal> {
        let PutListing { slug, basis, listing } = wanted;
        check_shape(listing)?;
        let old = self.listings.get(slug).cloned();
        check_basis(*basis, old.as_ref())?;
        if listing.category.as_ref().is_some_and(|category| !self.categories.contains(category)) {
            return Err(invalid("category", "there is no such category"));
        }
        let mut given_up = BTreeSet::new();
        for (index, variant) in listing.variants.iter().enumerate() {
            match self.elsewhere(&variant.sku, slug) {
                None => {}
                Some((other, true)) => {
                    given_up.insert(other);
                }
                Some((other, false)) => {
                    let field = format!("variants[{index}].sku");
                    return Err(Refusal::Conflict { field, why: format!("it is sold on the page {other}") });
                }
            }
        }
        Ok(self.write(slug, listing, old, given_up))
    }

    /// The other page on which it is sold, and whether that page would give it away.
    fn elsewhere(&self, sku: &Sku, slug: &Slug) -> Option<(Slug, bool)> {
        let other = self.products.get(sku)?.listing.clone().filter(|other| other != slug)?;
        let gives = self.listings.get(&other).is_none_or(|page| page.automatic);
        Some((other, gives))
    }

    fn write(
        &mut self,
        slug: &Slug,
        listing: &Listing,
        old: Option<Page>,
        given_up: BTreeSet<Slug>,
    ) -> (i64, bool) {
        let version = old.as_ref().map_or(0, |old| old.version);
        let page = Page::of(listing, version);
        let mut changed = old.is_none_or(|old| old != page);
        let wanted: BTreeSet<&Sku> = listing.variants.iter().map(|variant| &variant.sku).collect();
        for sku in self.sold_on(slug) {
            if !wanted.contains(&sku)
                && let Some(listed) = self.products.change(&sku)
            {
                (listed.active, listed.listing) = (false, None);
                listed.version += 1;
                changed = true;
            }
        }
        for variant in &listing.variants {
            changed |= self.write_variant(slug, listing, variant);
        }
        // A page that nothing is sold on any more is not shown.
        for other in given_up {
            let is_empty = self.sold_on(&other).is_empty();
            if let Some(page) = self.listings.change(&other) {
                page.version += 1;
                page.published &= !is_empty;
            }
        }
        if !changed {
            return (version, false);
        }
        self.listings.put(slug.clone(), Page { version: version + 1, ..page });
        (version + 1, true)
    }

    fn write_variant(&mut self, slug: &Slug, listing: &Listing, variant: &Variant) -> bool {
        let Some((first, others)) = variant.prices.split_first() else { return false };
        let old = self.products.get(&variant.sku);
        let new = Listed {
            name: name(&listing.title, variant),
            price: first.amount,
            currency: first.currency,
            others: others.to_vec(),
            active: variant.active,
            listing: Some(slug.clone()),
            options: variant.options.clone(),
            weight_g: variant.weight_g,
            version: old.map_or(0, |old| old.version),
        };
        let changed = old != Some(&new);
        if changed {
            self.products.put(variant.sku.clone(), Listed { version: new.version + 1, ..new });
        }
        changed
    }
}

/// The title and what tells the variant from the others: `Mug with a starling (red, large)`.
fn name(title: &Text<200>, variant: &Variant) -> Text<200> {
    let options: Vec<&str> = variant.options.values().map(Text::as_str).collect();
    if options.is_empty() {
        return title.clone();
    }
    let whole: String = format!("{} ({})", title.as_str(), options.join(", ")).chars().take(200).collect();
    Text::new(whole).unwrap_or_else(|_| title.clone())
}

fn check_basis(basis: Basis, old: Option<&Page>) -> Result<(), Refusal> {
    match (basis, old) {
        (Basis::Any, _) | (Basis::New, None) => Ok(()),
        (Basis::Version(version), Some(page)) if version == page.version => Ok(()),
        (Basis::Version(_) | Basis::New, Some(page)) => Err(Refusal::Stale { version: page.version }),
        (Basis::Version(_), None) => Err(Refusal::Stale { version: 0 }),
    }
}

fn check_shape(listing: &Listing) -> Result<(), Refusal> {
    if listing.attributes.len() > MAX_ATTRIBUTES {
        return Err(invalid("attributes", &format!("at most {MAX_ATTRIBUTES}")));
    }
    if !(1..=MAX_VARIANTS).contains(&listing.variants.len()) {
        return Err(invalid("variants", &format!("1 to {MAX_VARIANTS}")));
    }
    let mut skus = BTreeSet::new();
    for (index, variant) in listing.variants.iter().enumerate() {
        let at = |field: &str| format!("variants[{index}].{field}");
        if !skus.insert(&variant.sku) {
            return Err(invalid(&at("sku"), "stands here twice"));
        }
        if variant.options.len() > MAX_ATTRIBUTES {
            return Err(invalid(&at("options"), &format!("at most {MAX_ATTRIBUTES}")));
        }
        if !(1..=MAX_PRICES).contains(&variant.prices.len()) {
            return Err(invalid(&at("prices"), &format!("1 to {MAX_PRICES}")));
        }
        let currencies: BTreeSet<&str> =
            variant.prices.iter().map(|PriceIn { currency, .. }| currency.as_str()).collect();
        if currencies.len() != variant.prices.len() {
            return Err(invalid(&at("prices"), "each currency once"));
        }
        if variant.weight_g.is_some_and(|weight| i32::try_from(weight).is_err()) {
            return Err(invalid(&at("weight_g"), "at most 2147483647"));
        }
    }
    Ok(())
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::Invalid { field: field.to_owned(), why: why.to_owned() }
}
