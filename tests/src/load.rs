//! Customers who order at a steady rate, whatever breaks meanwhile: who gets no answer asks again under the same key.

use crate::{Client, Flock, Order, client::without_answer};
use reqwest::{Method, StatusCode};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Customers of one load: so many that none of them meets the limit of requests a second.
const CUSTOMERS: usize = 16;
/// Orders whose customers are busy at the same time; the rate falls when so many are.
const AT_ONCE: usize = 400;
/// Pause before a customer asks again.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a customer goes on asking. Longer than anything is away in a test.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a customer has in mind, and so how the order must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Pays and keeps it.
    Keep,
    /// Pays, and the provider's answer is lost on its way.
    KeepThoughAnswerIsLost,
    /// Asks a second time under the same key, though the answer came.
    KeepAndAskTwice,
    /// Cannot pay.
    CannotPay,
    /// Takes it back at once.
    TakeBack,
}

impl Wish {
    const fn of(number: usize) -> Self {
        match number % 20 {
            3 => Self::KeepThoughAnswerIsLost,
            5 | 15 => Self::KeepAndAskTwice,
            7 | 17 => Self::CannotPay,
            9 | 19 => Self::TakeBack,
            _ => Self::Keep,
        }
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Keep | Self::KeepAndAskTwice | Self::TakeBack => "sandbox.succeeds",
            Self::KeepThoughAnswerIsLost => "sandbox.answer_lost",
            Self::CannotPay => "sandbox.declined",
        }
    }

    /// Whether the order ends confirmed; else cancelled.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Keep | Self::KeepThoughAnswerIsLost | Self::KeepAndAskTwice)
    }
}

/// One customer's order.
#[derive(Debug)]
pub struct Bought {
    /// Who.
    pub customer: Uuid,
    /// The idempotency key.
    pub key: String,
    /// What was in mind.
    pub wish: Wish,
    /// Every order id that was answered with 202 under the key: without Redis there may be several.
    pub ids: BTreeSet<String>,
    /// Why a request had to be sent again, each time.
    pub retries: Vec<String>,
}

/// Orders being placed in the background.
pub struct Load {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
    buyers: JoinSet<Vec<Bought>>,
    sku: String,
}

/// All orders of a load.
#[derive(Debug)]
pub struct Sales {
    /// What was sold.
    pub sku: String,
    /// The orders.
    pub bought: Vec<Bought>,
}

impl Load {
    /// Begins to place orders for one piece of a SKU, so many a second.
    pub fn begin(flock: &Flock, sku: &str, per_s: u32) -> Self {
        let customers: Vec<Client> = (0..CUSTOMERS).map(|_| flock.customer()).collect();
        let (stop, accepted) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut buyers = JoinSet::new();
        buyers.spawn(place_all(customers, sku.to_owned(), per_s, stop.clone(), accepted.clone()));
        Self { stop, accepted, buyers, sku: sku.to_owned() }
    }

    /// How many orders were accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Waits until so many more orders were accepted.
    pub async fn accepts(&self, more: usize) {
        let target = self.accepted() + more;
        crate::eventually("orders are accepted", async || self.accepted() >= target).await;
    }

    /// Ends it, once every customer was answered.
    pub async fn end(mut self) -> Sales {
        self.stop.store(true, Ordering::Relaxed);
        let bought =
            self.buyers.join_next().await.expect("there is one task").expect("every customer was answered");
        Sales { sku: self.sku, bought }
    }
}

async fn place_all(
    customers: Vec<Client>,
    sku: String,
    per_s: u32,
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
) -> Vec<Bought> {
    let (mut buyers, mut bought) = (JoinSet::new(), vec![]);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / per_s);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    for (number, customer) in customers.iter().cycle().enumerate() {
        tick.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let full = buyers.len() >= AT_ONCE;
        while let Some(done) = if full { buyers.join_next().await } else { buyers.try_join_next() } {
            bought.push(done.expect("the customer was answered"));
            if full {
                break;
            }
        }
        buyers.spawn(buy(customer.clone(), sku.clone(), Wish::of(number), accepted.clone()));
    }
    bought.extend(buyers.join_all().await);
    bought
}

async fn buy(customer: Client, sku: String, wish: Wish, accepted: Arc<AtomicUsize>) -> Bought {
    let order = Order::of(&sku, 1).paid_by(wish.method());
    let (key, ids) = (Uuid::new_v4().to_string(), BTreeSet::new());
    let mut bought = Bought { customer: customer.id, key, wish, ids, retries: vec![] };
    bought.place(&customer, &order).await;
    accepted.fetch_add(1, Ordering::Relaxed);
    match wish {
        Wish::KeepAndAskTwice => bought.place(&customer, &order).await,
        Wish::TakeBack => bought.take_back(&customer).await,
        Wish::Keep | Wish::KeepThoughAnswerIsLost | Wish::CannotPay => {}
    }
    bought
}

impl Bought {
    /// The same request once more, under the same key, by the same customer; and then whatever followed it.
    pub async fn ask_again(&mut self, flock: &Flock, sku: &str) {
        let customer = flock.customer_of(self.customer);
        self.place(&customer, &Order::of(sku, 1).paid_by(self.wish.method())).await;
        if self.wish == Wish::TakeBack {
            self.take_back(&customer).await;
        }
    }

    /// Asks for the order under its key until it is accepted.
    async fn place(&mut self, customer: &Client, order: &Order) {
        let ask = || {
            customer.request(Method::POST, "/v1/orders").header("idempotency-key", &self.key).json(&order.0)
        };
        let began = Instant::now();
        loop {
            let why = match customer.try_send(ask()).await {
                Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                    self.ids.insert(answer.body["order_id"].as_str().expect("an order id").to_owned());
                    return;
                }
                // After a minute of waiting, some have so many orders to ask for again that they are told to go slower.
                Ok(answer) if matches!(answer.status.as_u16(), 429 | 503) => {
                    format!("placing: {}", answer.refusal())
                }
                Ok(answer) => panic!("placing an order: {answer:?}"),
                Err(error) => without_answer(&error),
            };
            assert!(began.elapsed() < PATIENCE, "not accepted after {PATIENCE:?}: {why}");
            self.retries.push(why);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks for it to be cancelled until that wish is stored. An order that was accepted and of which nobody knows
    /// for the moment is not found: without Redis the gateway cannot remember it.
    async fn take_back(&mut self, customer: &Client) {
        let order = self.ids.first().expect("it was accepted").clone();
        let began = Instant::now();
        loop {
            let ask = customer.request(Method::DELETE, &format!("/v1/orders/{order}"));
            let why = match customer.try_send(ask).await {
                Ok(answer) if answer.status == StatusCode::ACCEPTED => return,
                Ok(answer) if matches!(answer.status.as_u16(), 404 | 429 | 503) => {
                    format!("cancelling: {}", answer.refusal())
                }
                Ok(answer) => panic!("cancelling {order}: {answer:?}"),
                Err(error) => without_answer(&error),
            };
            assert!(began.elapsed() < PATIENCE, "not cancelled after {PATIENCE:?}: {why}");
            self.retries.push(why);
            tokio::time::sleep(PAUSE).await;
        }
    }
}
