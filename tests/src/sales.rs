//! Whether every order of a load ended as its customer had in mind, exactly once: in the service's books, in what was
//! told, at the provider and at the carrier.

use crate::{Bought, Flock, Order, Sales, told::Told};
use sqlx::{Row, postgres::PgRow};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::time::sleep;
use uuid::Uuid;

/// How long orders may take to settle after a load with faults, on a busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);
/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The one order that stands for each (customer, key).
type Originals = BTreeMap<(Uuid, String), Uuid>;

impl Sales {
    /// How often customers had to ask again, by reason.
    pub fn retries(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        for why in self.bought.iter().flat_map(|bought| &bought.retries) {
            *reasons.entry(why.as_str()).or_default() += 1;
        }
        reasons
    }

    /// How many orders are kept.
    pub fn kept(&self) -> usize {
        self.bought.iter().filter(|bought| bought.wish.is_kept()).count()
    }

    /// Waits until every order has ended as it must, then counts in all books; `stock` is what there was of the SKU.
    /// Last the audit, of all that is in the flock.
    pub async fn assert_exact(&self, flock: &Flock, stock: i64) {
        assert!(!self.bought.is_empty(), "nothing was bought");
        self.until_settled(flock).await;
        let originals = self.assert_one_order_for_each_key(flock).await;
        tokio::task::block_in_place(|| flock.audit());

        let kept: BTreeSet<Uuid> = self
            .bought
            .iter()
            .filter(|bought| bought.wish.is_kept())
            .map(|bought| originals[&bought.name()])
            .collect();
        let level = flock.stock(&self.sku).await;
        assert_eq!(level["on_hand"], stock, "nothing was dispatched: {level}");
        assert_eq!(level["reserved"], self.kept(), "one piece for each order that is kept: {level}");
        let told = Told::of(flock, &["ORDER", "STOCK", "PAYMENT", "SHIPMENT"]).await;
        for bought in &self.bought {
            told.assert_once(originals[&bought.name()], bought.wish);
        }
        assert_eq!(paid(flock, &originals).await, kept, "charged once what is kept, and nothing else");
        assert_eq!(booked(flock, &originals).await, kept, "one parcel for each that is kept, and no other");
    }

    async fn until_settled(&self, flock: &Flock) {
        let (customers, db) = (self.customers(), flock.database("orders").await);
        let sql = "select state, count(*) from customer_order
            where customer_id = any($1) and state <> 'alias' group by state";
        let (kept, all) = (self.kept(), self.bought.len());
        let mut wanted =
            BTreeMap::from([("confirmed".to_owned(), kept), ("cancelled".to_owned(), all - kept)]);
        wanted.retain(|_, orders| *orders > 0);
        let mut found = BTreeMap::new();
        let began = Instant::now();
        while found != wanted {
            assert!(
                began.elapsed() < SETTLED_WITHIN,
                "after {SETTLED_WITHIN:?} {wanted:?} was to be, and is {found:?}"
            );
            sleep(LOOK_EVERY).await;
            let rows =
                sqlx::query(sql).bind(&customers).fetch_all(&db).await.expect("orders' database answers");
            let count = |row: &PgRow| usize::try_from(row.get::<i64, _>(1)).expect("a count");
            found = rows.iter().map(|row| (row.get(0), count(row))).collect();
        }
    }

    /// Every id that was answered stands for the one order of its key, and there are no others.
    async fn assert_one_order_for_each_key(&self, flock: &Flock) -> Originals {
        let db = flock.database("orders").await;
        let rows =
            sqlx::query("select customer_id, key, order_id from idempotency where customer_id = any($1)");
        let rows = rows.bind(self.customers()).fetch_all(&db).await.expect("orders' database answers");
        let originals: Originals = rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        let names: BTreeSet<(Uuid, String)> = self.bought.iter().map(Bought::name).collect();
        assert!(originals.keys().eq(names.iter()), "the keys are those of the load, each with one order");

        let rows = sqlx::query(
            "select order_id, coalesce(alias_of, order_id) from customer_order where order_id = any($1)",
        );
        let ids: Vec<Uuid> =
            self.bought.iter().flat_map(|bought| &bought.ids).map(|id| id.parse().expect("an id")).collect();
        let rows = rows.bind(ids).fetch_all(&db).await.expect("orders' database answers");
        let stands_for: BTreeMap<Uuid, Uuid> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        for bought in &self.bought {
            for id in &bought.ids {
                let id: Uuid = id.parse().expect("an id");
                let original = originals[&bought.name()];
                assert_eq!(stands_for.get(&id), Some(&original), "{id} was answered with 202: {bought:?}");
            }
        }
        originals
    }

    fn customers(&self) -> Vec<Uuid> {
        let customers: BTreeSet<Uuid> = self.bought.iter().map(|bought| bought.customer).collect();
        customers.into_iter().collect()
    }
}

impl Bought {
    fn name(&self) -> (Uuid, String) {
        (self.customer, self.key.clone())
    }
}

/// The orders for which the provider keeps money; each exactly what one piece costs.
async fn paid(flock: &Flock, originals: &Originals) -> BTreeSet<Uuid> {
    let sql = "select left(c.key, 36)::uuid, sum(c.amount - coalesce(r.refunded, 0))::bigint
        from charge c
        left join (select charge_key, sum(amount) refunded from refund where state = 'refunded' group by 1) r
          on r.charge_key = c.key
        where c.state = 'captured' group by 1 having sum(c.amount - coalesce(r.refunded, 0)) <> 0";
    let books = flock.database("sandbox_provider").await;
    let rows = sqlx::query(sql).fetch_all(&books).await.expect("the provider's books");
    let ours: BTreeSet<&Uuid> = originals.values().collect();
    let of_ours = rows
        .iter()
        .map(|row| (row.get::<Uuid, _>(0), row.get::<i64, _>(1)))
        .filter(|(id, _)| ours.contains(id));
    of_ours
        .map(|(id, kept)| {
            assert_eq!(kept, Order::PRICE, "what the provider kept for {id}");
            id
        })
        .collect()
}

/// The orders for which the carrier has a parcel; each exactly one.
async fn booked(flock: &Flock, originals: &Originals) -> BTreeSet<Uuid> {
    let sql = "select left(key, 36)::uuid, count(*) from booking where state = 'booked' group by 1";
    let books = flock.database("sandbox_carrier").await;
    let rows = sqlx::query(sql).fetch_all(&books).await.expect("the carrier's books");
    let ours: BTreeSet<&Uuid> = originals.values().collect();
    let of_ours = rows
        .iter()
        .map(|row| (row.get::<Uuid, _>(0), row.get::<i64, _>(1)))
        .filter(|(id, _)| ours.contains(id));
    of_ours
        .map(|(id, parcels)| {
            assert_eq!(parcels, 1, "parcels of {id}");
            id
        })
        .collect()
}
