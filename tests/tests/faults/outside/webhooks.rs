//! Webhooks that are forged, replayed, or in another order than what they tell of happened, while orders are being
//! placed: each charge is learnt of once, and what nobody signed leaves no trace.

use crate::selling::{STOCK, Selling};
use chassis::{Secret, clock, signature};
use futures_util::future::{join, join_all};
use payments::sandbox::{NAME, Settlement, SignedWebhook};
use serde_json::{Value, json};
use tests::{Client, Flock, Order, Shape, eventually, is_long};

/// Orders of each kind in every test run, and in the long one.
const ORDERS: [usize; 2] = [2, 100];
/// How often a webhook is replayed.
const TIMES: usize = 10;
/// As old as no webhook may be, in seconds.
const OLD_S: i64 = 3_600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_forged_replayed_and_out_of_order_move_the_money_once() {
    let selling = Selling::begin(Shape::Together, &[]).await;
    let orders = ORDERS[usize::from(is_long())];
    let sku = selling.flock.product(STOCK).await;
    // Each kind with a customer of its own, or one would ask too often.
    let shop = || Shop::open(&selling.flock, &sku);
    let (one, two, three, four, five, six) = (shop(), shop(), shop(), shop(), shop(), shop());
    for _ in 0..orders {
        tokio::join!(
            one.forged(),
            two.replayed(),
            three.before_the_answer(),
            four.declined_after_captured(),
            five.captured_after_declined(),
            six.at_the_same_moment(),
        );
    }
    selling.end_exactly().await;
}

/// What the orders of one kind have in common.
struct Shop<'a> {
    flock: &'a Flock,
    customer: Client,
    /// Not the load's, whose counts are about the load.
    sku: &'a str,
    secret: Secret,
}

impl<'a> Shop<'a> {
    fn open(flock: &'a Flock, sku: &'a str) -> Self {
        let secret = signature::webhook_secret(&flock.secret(), NAME);
        Self { flock, customer: flock.customer(), sku, secret }
    }

    /// An order whose payment waits for the bank.
    async fn pending(&self) -> String {
        let order = self.customer.place(&Order::of(self.sku, 1).paid_by("sandbox.pending")).await;
        self.flock.until_event(&order, "payment.pending").await;
        order
    }

    /// Refused at the door, and nobody hears of it; the honest one passes.
    async fn forged(&self) {
        let order = self.pending().await;
        let honest = self.flock.settle(&order, Settlement::Captured).await;
        let mut commands = self.flock.tap(&["cmd.payment.webhook"]).await;
        let (now_s, another) = (clock::now().millis() / 1_000, Secret::from("another".to_owned()));
        let other_body = honest.body.replace("captured", "declined");
        let forged = [
            signed(&another, now_s, &honest.body),
            SignedWebhook { body: other_body.clone(), signature: honest.signature.clone() },
            // Really the bank's, but recorded and sent again much later, or ahead of time.
            signed(&self.secret, now_s - OLD_S, &honest.body),
            signed(&self.secret, now_s + OLD_S, &honest.body),
            SignedWebhook { body: honest.body.clone(), signature: "t=0,v1=".to_owned() },
        ];
        for webhook in &forged {
            let answer = self.customer.webhook(webhook).await;
            assert_eq!(answer.status, 400, "{webhook:?}: {answer:?}");
        }
        assert_eq!(self.customer.payment(&order).await["state"], "pending", "nobody was fooled");
        assert_eq!(self.customer.webhook(&honest).await.status, 202);
        commands.until("the honest one", |passed| passed.text.contains(&order)).await;
        self.customer.until(&order, "confirmed").await;
        let about: Vec<&Value> = commands.with(&order).into_iter().map(|passed| &passed.body).collect();
        assert_eq!(about.len(), 1, "the honest one alone was published: {about:?}");
        self.assert_kept(&order).await;
    }

    /// The same one, many times at once, and again when it was acted upon.
    async fn replayed(&self) {
        let order = self.pending().await;
        let webhook = self.flock.settle(&order, Settlement::Captured).await;
        let posts = join_all((0..TIMES).map(|_| self.customer.webhook(&webhook))).await;
        assert!(posts.iter().all(|answer| answer.status == 202), "{posts:?}");
        self.customer.until(&order, "confirmed").await;
        // Newly signed, as a provider does that was not answered.
        self.flock.bank_says(&order, Settlement::Captured).await;
        assert_eq!(self.customer.webhook(&webhook).await.status, 202);
        self.assert_kept(&order).await;
    }

    /// The charge is made, and its webhook overtakes the answer to the call.
    async fn before_the_answer(&self) {
        let order = self.customer.place(&Order::of(self.sku, 1).paid_by("sandbox.slow")).await;
        eventually("charged", async || !self.flock.charges(&order).await.is_empty()).await;
        self.flock.bank_says(&order, Settlement::Captured).await;
        self.customer.until(&order, "confirmed").await;
        self.assert_kept(&order).await;
    }

    /// The customer's first try at the bank failed, and the second went well; of the first the bank tells last.
    async fn declined_after_captured(&self) {
        let order = self.pending().await;
        self.flock.bank_says(&order, Settlement::Captured).await;
        self.customer.until(&order, "confirmed").await;
        self.tell(&self.declined(&order)).await;
        self.assert_kept(&order).await;
    }

    /// The bank tells of the failed try first; by then the order is cancelled, and the money goes back.
    async fn captured_after_declined(&self) {
        let order = self.pending().await;
        self.tell(&self.declined(&order)).await;
        self.customer.until(&order, "cancelled").await;
        self.flock.bank_says(&order, Settlement::Captured).await;
        self.assert_given_back(&order).await;
    }

    /// Either may win; the money goes with the order.
    async fn at_the_same_moment(&self) {
        let order = self.pending().await;
        let captured = self.flock.settle(&order, Settlement::Captured).await;
        join(self.tell(&captured), self.tell(&self.declined(&order))).await;
        let view = self.customer.until_settled(&order).await;
        if view["status"] == "confirmed" {
            self.assert_kept(&order).await;
        } else {
            self.assert_given_back(&order).await;
        }
    }

    /// What the bank says of a try that failed.
    fn declined(&self, order: &str) -> SignedWebhook {
        let body = json!({
            "event_id": format!("evt_{order}-1_failed_try"), "key": format!("{order}-1"), "outcome": "declined",
        });
        signed(&self.secret, clock::now().millis() / 1_000, &body.to_string())
    }

    async fn tell(&self, webhook: &SignedWebhook) {
        let told = self.customer.webhook(webhook).await;
        assert_eq!(told.status, 202, "{told:?}");
    }

    /// Charged once, and it stays so.
    async fn assert_kept(&self, order: &str) {
        let story = self.flock.story(order).await;
        story.assert_sound();
        let moved = (story.count("payment.captured"), story.count("payment.refunded"));
        assert_eq!(moved, (1, 0), "{:?}", story.events());
        assert_eq!(self.flock.kept(order).await, Order::PRICE);
    }

    /// Charged once, and given back once.
    async fn assert_given_back(&self, order: &str) {
        let story = self.flock.until_event(order, "payment.refunded").await;
        let moved = (story.count("payment.captured"), story.count("payment.refunded"));
        assert_eq!(moved, (1, 1), "{:?}", story.events());
        assert_eq!(self.flock.kept(order).await, 0);
        assert_eq!(self.customer.order(order).await["status"], "cancelled");
    }
}

fn signed(secret: &Secret, at_s: i64, body: &str) -> SignedWebhook {
    SignedWebhook { signature: signature::sign(secret, at_s, body), body: body.to_owned() }
}
