//! The table of routes, walked: each route without a token and with each role.

use crate::gateway::Gateway;
use contracts::Role;
use gateway::{
    Settings,
    routes::{self, Access},
};
use reqwest::Method;
use uuid::Uuid;

const ROLES: [Role; 4] = [Role::Customer, Role::Support, Role::Admin, Role::Service];

#[tokio::test]
async fn each_route_admits_whom_the_table_says_and_nobody_else() {
    let gateway = Gateway::start_with(Settings { rate_address_per_s: 10_000, ..Settings::default() }).await;
    for (name, access) in routes::list() {
        let (method, path) = name.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let path = path
            .replace("{sku}", "A")
            .replace("{slug}", "a")
            .replace("{code}", "A")
            .replace("{provider}", "sandbox")
            .replace("{kind}", "forbidden");
        let path = path
            .replace("{image}", &Uuid::now_v7().to_string())
            .replace("{size}", "thumb")
            .replace("{id}", &Uuid::now_v7().to_string())
            .replace("{order_id}", &Uuid::now_v7().to_string());
        let bare = gateway.request(method.clone(), &path).send().await.unwrap();
        assert_eq!(
            bare.status() == 401,
            access != Access::Anyone,
            "{name} without a token: {}",
            bare.status()
        );
        for role in ROLES {
            let asked = gateway.request(method.clone(), &path).bearer_auth(gateway.token(role));
            let status = asked.send().await.unwrap().status();
            let expected = match access {
                Access::Anyone | Access::SignedIn => true,
                Access::SeesAll => matches!(role, Role::Support | Role::Admin | Role::Service),
                Access::RunsTheShop => matches!(role, Role::Admin | Role::Service),
                Access::Admins => role == Role::Admin,
            };
            assert_eq!(status != 403, expected, "{name} as {role:?}: {status}");
            assert_ne!(status, 401, "{name} as {role:?}");
            assert_ne!(status, 405, "{name} as {role:?}");
            assert_ne!(status, 500, "{name} as {role:?}");
        }
    }
    assert_eq!(gateway.stored().await, 0, "none of these requests says enough to be stored");
}

#[test]
fn what_changes_the_shop_is_for_those_who_run_it() {
    let of = |wanted| -> Vec<&str> {
        routes::list().into_iter().filter(|(_, access)| *access == wanted).map(|(name, _)| name).collect()
    };
    let keys = ["GET /v1/api-keys", "POST /v1/api-keys", "DELETE /v1/api-keys/{id}"];
    assert_eq!(of(Access::Admins), keys, "no program makes keys");
    assert_eq!(
        of(Access::RunsTheShop),
        [
            "PUT /v1/orders/{id}/status",
            "POST /v1/payments/{order_id}/refund",
            "POST /v1/stock/receipts",
            "POST /v1/stock/adjustments",
            "GET /v1/catalog/export",
            "POST /v1/products/import",
            "GET /v1/listings/{slug}/draft",
            "PUT /v1/listings/{slug}",
            "POST /v1/listings/import",
            "GET /v1/listings/export",
            "POST /v1/listings/{slug}/images",
            "PUT /v1/listings/{slug}/images",
            "DELETE /v1/listings/{slug}/images/{image}",
            "PUT /v1/categories/{slug}",
            "DELETE /v1/categories/{slug}",
            "GET /v1/price-rules",
            "PUT /v1/promotions/{id}",
            "DELETE /v1/promotions/{id}",
            "PUT /v1/coupons/{code}",
            "DELETE /v1/coupons/{code}",
            "PUT /v1/tax-rates",
            "PUT /v1/users/{id}",
            "DELETE /v1/users/{id}",
            "GET /v1/users/{id}/history",
        ]
    );
}
