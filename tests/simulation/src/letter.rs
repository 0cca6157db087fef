//! A message on its way, in the words of each service that hears it.
//!
//! Written and read once, and shared by all its deliveries. One seed in fifty writes and reads the real bytes; the
//! others hand the types over, which must come to the same (a test compares).

use crate::part::Service;
use chassis::Heard;
use contracts::{Message, MessageEnum, MessageId, MessageInfo, OrderId, Timestamp};
use std::rc::Rc;
use uuid::Uuid;

/// The number of a message's order: of what is about no order.
pub const NO_ORDER: u8 = u8::MAX;

const ORDERS: u128 = 0x0193_aaaa_0000_7000_8000_0000_0000_0000;

/// The id of the order with this number.
#[must_use]
pub fn order_id(number: u8) -> OrderId {
    OrderId(Uuid::from_u128(ORDERS + (u128::from(number) << 32)))
}

/// The number of the order with this id.
#[must_use]
pub fn number_of(id: Uuid) -> u8 {
    let number = id.as_u128().wrapping_sub(ORDERS) >> 32;
    u8::try_from(number).unwrap_or(NO_ORDER)
}

type For<H> = Option<Box<Heard<H>>>;

/// A message as it stands in its stream.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its id.
    pub id: MessageId,
    /// When it was decided.
    pub at: Timestamp,
    /// Its type; none of a wish to redrive.
    pub info: Option<&'static MessageInfo>,
    /// The number of the order that it is about.
    pub order: u8,
    /// A service is to decide a dead letter again.
    pub redrive: Option<(Service, MessageId)>,
    pub(crate) orders: For<orders::Hears>,
    pub(crate) inventory: For<inventory::Hears>,
    pub(crate) payments: For<payments::Hears>,
    pub(crate) shipping: For<shipping::Hears>,
}

impl Letter {
    /// Nobody hears it yet.
    #[must_use]
    pub const fn new(info: Option<&'static MessageInfo>, id: MessageId, at: Timestamp, order: u8) -> Self {
        let (orders, inventory, payments, shipping) = (None, None, None, None);
        Self { id, at, info, order, redrive: None, orders, inventory, payments, shipping }
    }

    /// Addressed to all who listen to its subject, from its bytes.
    ///
    /// # Errors
    /// When what one service writes another cannot read.
    pub fn from_bytes(mut self, body: &[u8]) -> Result<Self, contracts::Unreadable> {
        let Some(info) = self.info else { return Ok(self) };
        self.orders = self.read(info, body)?;
        self.inventory = self.read(info, body)?;
        self.payments = self.read(info, body)?;
        self.shipping = self.read(info, body)?;
        Ok(self)
    }

    fn read<H: MessageEnum>(&self, info: &MessageInfo, body: &[u8]) -> Result<For<H>, contracts::Unreadable> {
        if !H::INFOS.iter().any(|heard| heard.subject == info.subject) {
            return Ok(None);
        }
        H::read(info.subject, body).map(|message| self.heard(message))
    }

    fn heard<H>(&self, message: impl Into<H>) -> For<H> {
        Some(Box::new(Heard::new(self.id, self.at, message.into())))
    }

    /// Orders hears it.
    #[must_use]
    pub fn to_orders<M: Message + Clone + Into<orders::Hears>>(mut self, message: &M) -> Self {
        self.orders = self.heard(message.clone());
        self
    }

    /// Inventory hears it.
    #[must_use]
    pub fn to_inventory<M: Message + Clone + Into<inventory::Hears>>(mut self, message: &M) -> Self {
        self.inventory = self.heard(message.clone());
        self
    }

    /// Payments hears it.
    #[must_use]
    pub fn to_payments<M: Message + Clone + Into<payments::Hears>>(mut self, message: &M) -> Self {
        self.payments = self.heard(message.clone());
        self
    }

    /// Shipping hears it.
    #[must_use]
    pub fn to_shipping<M: Message + Clone + Into<shipping::Hears>>(mut self, message: &M) -> Self {
        self.shipping = self.heard(message.clone());
        self
    }

    /// Whether a service hears it.
    #[must_use]
    pub fn is_for(&self, service: Service) -> bool {
        if let Some((to, _)) = self.redrive {
            return to == service;
        }
        match service {
            Service::Orders => self.orders.is_some(),
            Service::Inventory => self.inventory.is_some(),
            Service::Payments => self.payments.is_some(),
            Service::Shipping => self.shipping.is_some(),
        }
    }

    /// The same under another id.
    #[must_use]
    pub fn under(&self, id: MessageId) -> Rc<Self> {
        let mut other = self.clone();
        other.id = id;
        let Self { orders, inventory, payments, shipping, .. } = &mut other;
        orders.iter_mut().for_each(|heard| heard.id = id);
        inventory.iter_mut().for_each(|heard| heard.id = id);
        payments.iter_mut().for_each(|heard| heard.id = id);
        shipping.iter_mut().for_each(|heard| heard.id = id);
        Rc::new(other)
    }

    /// For the story.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.info.map_or("redrive", |info| info.subject)
    }

    /// What it says, for the story.
    #[must_use]
    pub fn words(&self) -> String {
        fn of<H: std::fmt::Debug>(heard: &For<H>) -> Option<String> {
            heard.as_ref().map(|heard| format!("{:?}", heard.message))
        }
        let words = of(&self.orders).or_else(|| of(&self.inventory));
        let words = words.or_else(|| of(&self.payments)).or_else(|| of(&self.shipping));
        words.unwrap_or_else(|| self.name().to_owned())
    }
}
