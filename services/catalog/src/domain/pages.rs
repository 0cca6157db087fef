//! The pages that a change touches, with all that is sold on them.

use super::Listed;
use chassis::Rows;
use contracts::{
    AttributeName, AttributeValue, Listing, MessageId, ProductChanged, Prose, Sku, Slug, TaxCategory, Text,
    Variant,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a page's variants have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub title: Text<200>,
    pub description: Prose,
    pub category: Option<Slug>,
    pub attributes: BTreeMap<AttributeName, AttributeValue>,
    pub tax_category: TaxCategory,
    pub published: bool,
    /// Made by the import of a product that had none.
    pub automatic: bool,
    pub version: i64,
}

impl Page {
    /// How it shall be, in the version that it has.
    pub fn of(listing: &Listing, version: i64) -> Self {
        let Listing { title, description, category, attributes, tax_category, published, variants: _ } =
            listing.clone();
        Self { title, description, category, attributes, tax_category, published, automatic: false, version }
    }

    /// The listing that it is made of, with what is sold on it.
    pub fn with(self, variants: Vec<Variant>) -> Listing {
        let Self {
            title,
            description,
            category,
            attributes,
            tax_category,
            published,
            automatic: _,
            version: _,
        } = self;
        Listing { title, description, category, attributes, tax_category, published, variants }
    }

    /// The page of a product that nobody made one for.
    pub fn automatic(title: Text<200>) -> Self {
        Self {
            title,
            description: Prose::default(),
            category: None,
            attributes: BTreeMap::new(),
            tax_category: contracts::standard(),
            published: true,
            automatic: true,
            version: 0,
        }
    }
}

/// All that a change touches.
#[derive(Debug, Default)]
pub struct Pages {
    /// Those of the wanted categories that there are.
    pub categories: BTreeSet<Slug>,
    pub listings: Rows<Slug, Page>,
    pub products: Rows<Sku, Listed>,
}

impl Pages {
    /// The page changes once, however many of its variants do.
    pub(super) fn touch(&mut self, slug: &Slug, touched: &mut BTreeSet<Slug>) {
        if touched.insert(slug.clone())
            && let Some(page) = self.listings.change(slug)
        {
            page.version += 1;
        }
    }

    /// The products that are others than they were: what is to be told.
    pub fn news(&self) -> Vec<ProductChanged> {
        let changed = self.products.fresh().chain(self.products.changed());
        changed.map(|(sku, listed)| super::changed(sku, listed)).collect()
    }

    /// The pages that are shown otherwise than before.
    pub fn shown_otherwise(&self) -> Vec<Slug> {
        self.listings.fresh().chain(self.listings.changed()).map(|(slug, _)| slug.clone()).collect()
    }

    /// What is sold on a page.
    pub(super) fn sold_on(&self, slug: &Slug) -> Vec<Sku> {
        let sold = self.products.iter().filter(|(_, listed)| listed.listing.as_ref() == Some(slug));
        sold.map(|(sku, _)| sku.clone()).collect()
    }
}

/// A slug for the product when the nearest one stands for another page.
pub fn hashed_slug(sku: &Sku) -> Slug {
    let hash = MessageId::named(&["listing", sku.as_str()]).0.simple().to_string();
    Slug::new(format!("p-{}", &hash[..12])).unwrap_or_else(|_| unreachable!("letters and digits"))
}
