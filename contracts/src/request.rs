//! Requests: what the gateway and the operator may ask a service, over core NATS request-reply.

mod catalog;
mod identity;
mod once;
mod orders;
mod payments;
mod shipping;
mod stock;

pub use catalog::*;
pub use identity::*;
pub use once::*;
pub use orders::*;
pub use payments::*;
pub use shipping::*;
pub use stock::*;

use crate::{ImageId, OrderId, Preferences};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A question with its subject and the type of its answer.
pub trait Request: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `req.<service>.<verb>`.
    const SUBJECT: &'static str;
    /// What comes back when all is well.
    type Reply: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// The order that it asks about, for its spans.
    fn order(&self) -> Option<OrderId> {
        None
    }
}

/// Why a request was not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No such thing, or not the caller's.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The request itself is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something stands in the way that is already so.
    #[error("{field}: {why}")]
    Conflict {
        /// The field at fault.
        field: String,
        /// What stands in the way.
        why: String,
    },
    /// Changed meanwhile: the version that the request builds on is not the newest.
    #[error("changed meanwhile, now version {version}")]
    Stale {
        /// The newest.
        version: i64,
    },
    /// Another request came under the same [`Once::name`] before.
    #[error("the key was used for another request")]
    KeyReused,
    /// What shall prove who the caller is does not.
    #[error("{why}")]
    Unauthenticated {
        /// What to do, without a hint at what is known.
        why: String,
    },
    /// Not for this caller, or not now.
    #[error("{why}")]
    Forbidden {
        /// What is missing.
        why: String,
    },
    /// Too often.
    #[error("too often; again in {retry_after_s} s")]
    TooMany {
        /// How long to wait, in seconds.
        retry_after_s: u32,
    },
    /// The service can't answer at present; the cause is in its log.
    #[error("temporarily unavailable")]
    Unavailable,
}

/// An answer on the wire.
pub type Answer<R> = Result<<R as Request>::Reply, Refusal>;

macro_rules! requests {
    ($($name:ident $subject:literal $(about $order:ident)? -> $reply:ty;)+) => {
        $(impl Request for $name {
            const SUBJECT: &'static str = $subject;
            type Reply = $reply;

            $(fn order(&self) -> Option<OrderId> {
                Some(self.$order)
            })?
        })+

        /// All requests: subject, name, schema of the question, schema of the answer.
        #[must_use]
        pub fn requests() -> Vec<(&'static str, &'static str, Schema, Schema)> {
            vec![$(($subject, stringify!($name), schemars::schema_for!($name), schemars::schema_for!($reply))),+]
        }
    };
}

requests! {
    GetOrder      "req.orders.get"       about order_id -> OrderView;
    ListOrders    "req.orders.list"      -> OrderPage;
    GetTimeline   "req.orders.timeline"  about order_id -> Timeline;
    ListStuck     "req.orders.stuck"     -> Vec<StuckOrder>;
    CountCopied   "req.orders.copied"    -> Copied;
    GetStockLevel "req.inventory.level"  -> StockLevel;
    GetPayment    "req.payments.get"     about order_id -> PaymentView;
    GetShipment   "req.shipping.get"     about order_id -> ShipmentView;
    ListSlots     "req.shipping.slots"   -> Vec<Slot>;
    ImportProducts "req.catalog.import"  -> Vec<ProductVersion>;
    GetProduct    "req.catalog.get"      -> ProductView;
    ListProducts  "req.catalog.list"     -> ProductPage;
    PutListings   "req.catalog.put_listings"     -> Vec<Put>;
    ListListings  "req.catalog.list_listings"    -> ListingPage;
    GetListing    "req.catalog.get_listing"      -> ListingView;
    SearchListings "req.catalog.search"          -> Found;
    ListCategories "req.catalog.categories"      -> Vec<CategoryView>;
    PutCategory   "req.catalog.put_category"     -> ();
    DeleteCategory "req.catalog.delete_category" -> ();
    BeginImage    "req.catalog.begin_image"      -> ImageBegun;
    AddImage      "req.catalog.add_image"        -> ImageAdded;
    PutImages     "req.catalog.put_images"       -> Images;
    DeleteImage   "req.catalog.delete_image"     -> Images;
    ListStrayImages "req.catalog.stray_images"   -> Vec<ImageId>;
    ForgetImages  "req.catalog.forget_images"    -> ();
    GetPriceRules "req.catalog.price_rules"      -> PriceRules;
    PutPromotion  "req.catalog.put_promotion"    -> ();
    DeletePromotion "req.catalog.delete_promotion" -> ();
    PutCoupon     "req.catalog.put_coupon"       -> ();
    DeleteCoupon  "req.catalog.delete_coupon"    -> ();
    PutTaxRates   "req.catalog.put_tax_rates"    -> ();
    QuoteCart     "req.catalog.quote"            -> CartQuote;
    Register      "req.identity.register"        -> ();
    VerifyEmail   "req.identity.verify_email"    -> ();
    Login         "req.identity.login"           -> SignedIn;
    StartOidc     "req.identity.start_oidc"      -> OidcStarted;
    FinishOidc    "req.identity.finish_oidc"     -> OidcFinished;
    FinishOidcCode "req.identity.finish_oidc_code" -> SignedIn;
    RefreshTokens "req.identity.refresh"         -> SignedIn;
    EndSessions   "req.identity.end_sessions"    -> Ended;
    ForgotPassword "req.identity.forgot_password" -> ();
    ResetPassword "req.identity.reset_password"  -> ();
    ChangePassword "req.identity.change_password" -> ();
    ChangeEmail   "req.identity.change_email"    -> ();
    ListSessions  "req.identity.sessions"        -> Vec<SessionView>;
    GetKeys       "req.identity.keys"            -> Vec<PublicKey>;
    ListRevoked   "req.identity.revoked"         -> RevokedPage;
    CheckApiKey   "req.identity.check_api_key"   -> KeyHolder;
    GetUser       "req.identity.get"             -> UserView;
    SetProfile    "req.identity.set_profile"     -> UserView;
    SetPreferences "req.identity.set_preferences" -> Preferences;
    ListAddresses "req.identity.addresses"       -> Vec<SavedAddress>;
    SaveAddress   "req.identity.save_address"    -> Made<SavedAddress>;
    DeleteAddress "req.identity.delete_address"  -> ();
    SetAvatar     "req.identity.set_avatar"      -> ();
    GetAvatar     "req.identity.avatar"          -> Avatar;
    ExportUser    "req.identity.export"          -> Export;
    DeleteUser    "req.identity.delete"          -> ();
    EnrolTotp     "req.identity.enrol_totp"      -> TotpSecret;
    ConfirmTotp   "req.identity.confirm_totp"    -> RecoveryCodes;
    DropTotp      "req.identity.drop_totp"       -> ();
    ListIdentities "req.identity.identities"     -> Vec<IdentityView>;
    RemoveIdentity "req.identity.remove_identity" -> ();
    ListUsers     "req.identity.list"            -> UserPage;
    ChangeUser    "req.identity.change"          -> UserView;
    GetHistory    "req.identity.history"         -> HistoryPage;
    CreateApiKey  "req.identity.create_api_key"  -> Made<NewApiKey>;
    ListApiKeys   "req.identity.api_keys"        -> Vec<ApiKeyView>;
    RevokeApiKey  "req.identity.revoke_api_key"  -> ();
    MakeAdmin     "req.identity.make_admin"      -> UserView;
    ListMails     "req.identity.mails"           -> Vec<MailView>;
    RotateKeys    "req.identity.rotate_keys"     -> PublicKey;
}
