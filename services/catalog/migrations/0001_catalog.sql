-- Catalog: what the shop sells.

-- One row a product. Prices are whole minor units of an ISO 4217 currency.
create table product (
  -- Compared byte by byte, as the code does: rows are locked, and pages cut, in the order of their keys.
  sku         text collate "C" primary key,
  name        text not null,
  price       bigint not null,
  currency    text not null,
  active      boolean not null,
  -- Grows by one with every change; readers of product.changed keep the highest.
  version     bigint not null,
  -- Id of the product.changed that tells this version.
  event_id    uuid not null,
  -- When a sweep shall tell it; null once JetStream has it. No message that would come again drives it, only a
  -- request, so the row itself remembers that it is not told yet.
  announce_at timestamptz,
  -- A price is never owed to the customer.
  constraint product_price_not_negative check (price >= 0),
  -- Versions begin at 1, so that a reader's "nothing yet" is below all of them.
  constraint product_version_from_one check (version >= 1)
) with (fillfactor = 70);

-- The few rows that are not told yet.
create index product_unannounced on product (event_id) where announce_at is not null;
