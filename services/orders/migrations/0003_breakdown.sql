-- How an order's total came about, if it was made from a cart: promotions, coupons, taxes. Written once.
alter table customer_order add column breakdown jsonb;
-- Prices in other currencies than the first: [{"currency": "EUR", "amount": 1200}]; null where there are none.
alter table product add column other_prices jsonb;
