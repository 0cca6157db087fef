//! The rules, pure: what is known of orders, and what follows from each message.

mod decide;
mod order;
mod place;
mod row;
mod timeline;

pub use order::{Goods, Order, Status, Wanted};
pub use place::{FirstUse, IdempotencyKey, Price};
pub use row::{Known, MAX_EARLY, Row, Seen};
pub use timeline::{Cause, Entry};

use crate::{Hears, Tells};
use chassis::{
    Decision, Fact, Heard, Rows, Why,
    leavers::{self, Leavers},
};
use contracts::{OrderId, ProductChanged, Sku};
use std::time::Duration;

/// What decisions depend on besides the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long after its placement an order may stay unpaid. A payment that waits for the customer may take longer.
    pub deadline: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(15 * 60) }
    }
}

/// All rows that a batch touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// What decisions depend on besides the messages.
    pub rules: Rules,
    /// The orders; a row that is absent means that nothing was ever heard of that id.
    pub orders: Rows<OrderId, Row>,
    /// First uses of idempotency keys.
    pub keys: Rows<IdempotencyKey, FirstUse>,
    /// The copy of the catalog.
    pub products: Rows<Sku, Price>,
    /// Customers whose accounts are gone.
    pub leavers: Leavers,
    /// What was added to the orders' timelines.
    pub timeline: Vec<Entry>,
}

/// What follows, or why nothing changed.
type Outcome = Result<Vec<Fact<Tells>>, Why>;

impl Book {
    /// A book with nothing in it.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Decides one message; one that is ignored leaves no change.
    pub fn decide(&mut self, heard: &Heard<Hears>) -> Decision<Tells> {
        if let Hears::UserDeleted(gone) = &heard.message {
            return leavers::leave(&mut self.leavers, gone.user_id, heard.at);
        }
        match self.hear(heard) {
            Ok(facts) => Decision::Accept(facts),
            Err(why) => Decision::Ignore(why),
        }
    }

    fn hear(&mut self, heard: &Heard<Hears>) -> Outcome {
        match (&heard.message, heard.message.order_id()) {
            (Hears::ProductChanged(product), _) => self.copy(product),
            (Hears::PlaceOrder(place), _) => self.place(heard, place),
            // A wish about an alias is a wish about its original.
            (Hears::CancelOrder(cancel), _) => self.apply(self.original(cancel.order_id), heard),
            (_about_an_order, Some(id)) => self.apply(id, heard),
            (_about_nothing, None) => Err(Why::Impossible("it is about nothing".to_owned())),
        }
    }

    /// Decides a message about one order.
    fn apply(&mut self, id: OrderId, heard: &Heard<Hears>) -> Outcome {
        // On a copy (cheap, the goods are shared), so that what is ignored cannot leave a trace.
        let mut row = self.orders.get(&id).cloned().unwrap_or_else(|| Row::awaited(heard.at));
        row.seen.take(id, heard)?;
        let facts = match &mut row.known {
            Known::Awaited(early) => row::remember(early, heard)?,
            Known::Alias(_) => return Err(row::about_an_alias(&heard.message)),
            Known::Placed(order) => order.hear(&row.seen, &heard.message)?,
        };
        self.timeline.extend(row.note(id, heard, &facts));
        self.orders.put(id, row);
        Ok(facts)
    }

    /// The order that an id stands for.
    fn original(&self, id: OrderId) -> OrderId {
        match self.orders.get(&id).map(|row| &row.known) {
            Some(Known::Alias(of)) => *of,
            Some(Known::Awaited(_) | Known::Placed(_)) | None => id,
        }
    }

    /// Keeps the highest version of a product.
    fn copy(&mut self, product: &ProductChanged) -> Outcome {
        match self.products.get(&product.sku).map(|known| known.version) {
            Some(known) if known == product.version => return Err(Why::Repeat),
            Some(known) if known > product.version => return Err(Why::TooLate),
            Some(_) | None => {}
        }
        let ProductChanged { sku, price, currency, active, other_prices, version, name: _ } = product;
        let (price, currency, active, version) = (*price, *currency, *active, *version);
        let price = Price { price, currency, others: other_prices.clone(), active, version };
        self.products.put(sku.clone(), price);
        Ok(vec![])
    }
}
