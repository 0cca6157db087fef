//! An import of plain products: each is sold on a page of its own, unless it stands on one already.

use super::{Listed, Page, Pages, hashed_slug};
use contracts::{MAX_IMPORT, Product, Refusal, Slug};
use std::collections::BTreeSet;

/// Finds the fault of an import, if it has one.
pub fn check(products: &[Product]) -> Result<(), Refusal> {
    if products.len() > MAX_IMPORT {
        return Err(invalid("products".to_owned(), format!("at most {MAX_IMPORT} at once")));
    }
    let mut seen = BTreeSet::new();
    for (index, product) in products.iter().enumerate() {
        if !seen.insert(&product.sku) {
            return Err(invalid(format!("products[{index}].sku"), "stands here twice".to_owned()));
        }
    }
    Ok(())
}

fn invalid(field: String, why: String) -> Refusal {
    Refusal::Invalid { field, why }
}

impl Pages {
    /// Makes the products as they are wanted: new ones begin at version 1, others go one up, equal ones stay.
    pub fn import(&mut self, wanted: &[Product]) {
        let mut touched = BTreeSet::new();
        for product in wanted {
            let old = self.products.get(&product.sku).cloned();
            let mut new = merged(old.as_ref(), product);
            if new.listing.is_none() {
                new.listing = Some(self.page_for(product, &mut touched));
            }
            if old.as_ref() == Some(&new) {
                continue;
            }
            let slug = new.listing.clone();
            if let Some(slug) = &slug {
                self.follow_name(slug, old.as_ref(), product);
                self.touch(slug, &mut touched);
            }
            new.version += 1;
            self.products.put(product.sku.clone(), new);
        }
    }

    /// A page of its own.
    fn page_for(&mut self, product: &Product, touched: &mut BTreeSet<Slug>) -> Slug {
        let near = Slug::of(product.sku.as_str()).filter(|slug| self.listings.get(slug).is_none());
        let slug = near.unwrap_or_else(|| hashed_slug(&product.sku));
        match self.listings.change(&slug) {
            // It had this one before it was sold elsewhere.
            Some(page) => (page.published, page.automatic) = (true, true),
            None => {
                touched.insert(slug.clone());
                self.listings.put(slug.clone(), Page { version: 1, ..Page::automatic(product.name.clone()) });
            }
        }
        slug
    }

    /// An automatic page is called as its product is.
    fn follow_name(&mut self, slug: &Slug, old: Option<&Listed>, product: &Product) {
        let named = |page: &Page| page.automatic && old.is_none_or(|old| page.title == old.name);
        if self.listings.get(slug).is_some_and(named)
            && let Some(page) = self.listings.change(slug)
        {
            page.title = product.name.clone();
        }
    }
}

/// What an import says nothing of stays.
fn merged(old: Option<&Listed>, product: &Product) -> Listed {
    let others = old.map(|old| old.others.clone()).unwrap_or_default();
    Listed {
        name: product.name.clone(),
        price: product.price,
        currency: product.currency,
        others: others.into_iter().filter(|other| other.currency != product.currency).collect(),
        active: product.active,
        listing: old.and_then(|old| old.listing.clone()),
        options: old.map(|old| old.options.clone()).unwrap_or_default(),
        weight_g: old.and_then(|old| old.weight_g),
        version: old.map_or(0, |old| old.version),
    }
}
