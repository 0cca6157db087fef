//! What people want in a seed: orders, and what their customers, the admins and the stockroom do about them.

mod post;

pub use post::product;
pub(crate) use post::text;

use crate::random::Random;
use contracts::OnDecline;

/// Ids that an order may use: its own, a retry's, another order's under the same key.
pub const IDS: u8 = 4;

/// All that people want.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who orders what.
    pub buyers: Vec<Buyer>,
    /// What is to be done about it, in no order.
    pub wishes: Vec<Wish>,
    /// Pieces of the SKUs A, B and C at first.
    pub stock: [i64; 3],
    /// Places in each slot.
    pub capacity: i64,
    /// Orders whose parcels the carrier refuses, by number.
    pub refused: Vec<u8>,
}

/// An order as its customer wants it.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// SKU and quantity.
    pub lines: Vec<(&'static str, i64)>,
    /// The price is another than the catalog's.
    pub wrong_price: bool,
    /// The country of the address.
    pub country: &'static str,
    /// A slot that is asked for.
    pub slot: Option<&'static str>,
    /// How it is paid.
    pub method: &'static str,
    /// What becomes of it when it is declined.
    pub on_decline: OnDecline,
}

/// Somebody wants something about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The number of the order.
    pub order: u8,
    /// What.
    pub deed: Deed,
    /// What the wish waits for.
    pub when: When,
}

/// What a wish waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing.
    Anytime,
    /// The order is confirmed.
    Confirmed,
    /// The order left.
    Dispatched,
    /// Its payment is pending or was declined.
    Unpaid,
    /// Its payment was captured.
    Captured,
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The order's customer.
    Owner,
    /// Somebody who runs the shop.
    Admin,
    /// Another customer.
    Stranger,
}

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The order, under its own id.
    Place,
    /// The same order again, under another id.
    PlaceAgain,
    /// Another order under the same idempotency key.
    PlaceOther,
    /// To call it off; under which of its ids.
    Cancel(Who, u8),
    /// To pay another way.
    Pay(Who, &'static str),
    /// To ask the provider.
    Verify(Who),
    /// To give so much back, or the rest, under one of two references.
    Refund(Option<i64>, u8),
    /// To send it.
    Dispatch,
    /// To say that it arrived.
    Deliver,
    /// More of a SKU, under one of two references.
    Receive(&'static str, u8),
    /// A count showed another number, under one of two references.
    Adjust(&'static str, i64, u8),
    /// A product changes: of which SKU, to which version.
    Product(&'static str, i64),
    /// An account is gone: that of an order's customer.
    Leave,
}

const METHODS: [&str; 11] = [
    "sandbox.succeeds",
    "sandbox.succeeds",
    "sandbox.succeeds",
    "sandbox.succeeds",
    "sandbox.declined",
    "sandbox.declined",
    "sandbox.pending",
    "sandbox.pending",
    "sandbox.refund_fails",
    "sandbox.refund_fails_once",
    "nobody.knows",
];

impl Plan {
    /// That of a seed.
    #[must_use]
    pub fn of(random: &mut Random, orders: u8) -> Self {
        let mut plan = Self {
            buyers: vec![],
            wishes: vec![],
            stock: [0; 3].map(|_| i64::try_from(random.below(13)).unwrap_or_default()),
            capacity: i64::try_from(random.below(3)).unwrap_or_default(),
            refused: vec![],
        };
        let busy = random.pick(&[200, 500, 1000]);
        if random.chance(250) {
            plan.stock = [30; 3];
            (0..orders).for_each(|n| plan.go_far(n * IDS, random));
            return plan;
        }
        for n in 0..orders {
            plan.buyers.push(Buyer::of(random));
            if random.chance(80) {
                plan.refused.push(n * IDS);
            }
            plan.wish_for(n * IDS, busy, random);
        }
        plan.wish_for_the_shop(busy, random);
        plan
    }

    /// One plain order that nobody interferes with.
    #[must_use]
    pub fn undisturbed(random: &mut Random) -> Self {
        let mut plan = Self::of(random, 1);
        plan.wishes = vec![Wish { order: 0, deed: Deed::Place, when: When::Anytime }];
        plan.buyers[0].method = random.pick(&["sandbox.succeeds", "sandbox.declined", "nobody.knows"]);
        plan.buyers[0].on_decline = OnDecline::Cancel;
        plan
    }

    fn wish_for(&mut self, order: u8, busy: u16, random: &mut Random) {
        let mut wish = |deed, when| self.wishes.push(Wish { order, deed, when });
        if random.chance(970) {
            wish(Deed::Place, When::Anytime);
        }
        let mut sometimes = |per_mille: u16, deed, when, random: &mut Random| {
            if random.chance(u16::try_from(u32::from(per_mille) * u32::from(busy) / 1000).unwrap_or(0)) {
                wish(deed, if random.chance(150) { When::Anytime } else { when });
            }
        };
        let method = random.pick(&METHODS);
        let id = u8::try_from(random.below(usize::from(IDS) - 1)).unwrap_or_default();
        sometimes(200, Deed::PlaceAgain, When::Anytime, random);
        sometimes(100, Deed::PlaceOther, When::Anytime, random);
        sometimes(250, Deed::Cancel(Who::Owner, id), When::Anytime, random);
        sometimes(150, Deed::Cancel(Who::Owner, 0), When::Confirmed, random);
        sometimes(150, Deed::Cancel(Who::Admin, id), When::Confirmed, random);
        sometimes(100, Deed::Cancel(Who::Owner, 0), When::Dispatched, random);
        sometimes(60, Deed::Cancel(Who::Stranger, 0), When::Anytime, random);
        sometimes(450, Deed::Pay(Who::Owner, method), When::Unpaid, random);
        sometimes(150, Deed::Pay(Who::Admin, "sandbox.succeeds"), When::Unpaid, random);
        sometimes(80, Deed::Pay(Who::Stranger, "sandbox.succeeds"), When::Anytime, random);
        sometimes(150, Deed::Verify(Who::Owner), When::Unpaid, random);
        sometimes(80, Deed::Verify(Who::Owner), When::Anytime, random);
        sometimes(100, Deed::Verify(Who::Admin), When::Captured, random);
        let amount = i64::try_from(1 + random.below(900)).unwrap_or(1);
        sometimes(200, Deed::Refund(Some(amount), 0), When::Captured, random);
        sometimes(100, Deed::Refund(Some(amount), 0), When::Captured, random);
        sometimes(150, Deed::Refund(None, 1), When::Captured, random);
        sometimes(500, Deed::Dispatch, When::Confirmed, random);
        sometimes(150, Deed::Dispatch, When::Anytime, random);
        sometimes(400, Deed::Deliver, When::Dispatched, random);
        sometimes(100, Deed::Deliver, When::Anytime, random);
        sometimes(150, Deed::Leave, When::Anytime, random);
    }

    /// An order that gets far, with much that can still happen to it there.
    fn go_far(&mut self, order: u8, random: &mut Random) {
        let mut buyer = Buyer::of(random);
        (buyer.wrong_price, buyer.lines) = (false, vec![("A", 1), ("B", 2)]);
        (buyer.country, buyer.slot, buyer.on_decline) = ("GB", None, OnDecline::Wait);
        buyer.method = random.pick(&["sandbox.succeeds", "sandbox.pending", "sandbox.declined"]);
        self.buyers.push(buyer);
        let later = [
            (Deed::Pay(Who::Owner, "sandbox.succeeds"), When::Unpaid),
            (Deed::Pay(Who::Owner, "sandbox.refund_fails"), When::Unpaid),
            (Deed::Cancel(Who::Owner, 0), When::Confirmed),
            (Deed::Cancel(Who::Admin, 0), When::Confirmed),
            (Deed::Cancel(Who::Owner, 0), When::Dispatched),
            (Deed::Refund(Some(100), 0), When::Captured),
            (Deed::Dispatch, When::Confirmed),
            (Deed::Dispatch, When::Confirmed),
            (Deed::Deliver, When::Dispatched),
            (Deed::Deliver, When::Dispatched),
        ];
        self.wishes.push(Wish { order, deed: Deed::Place, when: When::Anytime });
        let later = later.into_iter().filter(|_| random.chance(600));
        self.wishes.extend(later.map(|(deed, when)| Wish { order, deed, when }));
    }

    fn wish_for_the_shop(&mut self, busy: u16, random: &mut Random) {
        for _ in 0..3 {
            if !random.chance(busy / 2) {
                continue;
            }
            let sku = random.pick(&["A", "B", "C"]);
            let reference = u8::try_from(random.below(2)).unwrap_or_default();
            let delta = i64::try_from(random.below(7)).unwrap_or_default() - 3;
            let deed = match random.below(4) {
                0 | 1 => Deed::Receive(sku, reference),
                2 => Deed::Adjust(sku, delta, reference),
                _ => Deed::Product(random.pick(&["A", "new"]), i64::from(reference)),
            };
            self.wishes.push(Wish { order: crate::letter::NO_ORDER, deed, when: When::Anytime });
        }
    }
}

impl Buyer {
    fn of(random: &mut Random) -> Self {
        let mut lines = vec![];
        for _ in 0..=random.below(3) {
            let sku = random.pick(&["A", "A", "A", "B", "B", "C"]);
            lines.push((sku, i64::try_from(1 + random.below(3)).unwrap_or(1)));
        }
        if random.chance(40) {
            lines.push(("unknown", 1));
        }
        if random.chance(40) {
            // What costs nothing needs no provider.
            lines = vec![("free", 1)];
        }
        let country = random.pick(&["GB", "GB", "GB", "FR", "FR", "US"]);
        let slots = [None, None, Some("am"), Some("pm"), Some("never")];
        Self {
            lines,
            wrong_price: random.chance(25),
            country,
            slot: if country == "FR" || random.chance(30) { random.pick(&slots) } else { None },
            method: random.pick(&METHODS),
            on_decline: random.pick(&[OnDecline::Cancel, OnDecline::Wait]),
        }
    }

    /// Whether it can be an order at all.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.wrong_price && self.lines.iter().all(|(sku, _)| *sku != "unknown")
    }
}
