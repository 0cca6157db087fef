-- Listings, categories, search, what inventory told, and the rules that prices follow.

-- Likeness of words, for what is mistyped.
create extension if not exists pg_trgm;

-- The tree of categories.
create table category (
  slug   text collate "C" primary key,
  name   text not null,
  parent text collate "C" references category (slug),
  constraint category_not_its_own_part check (parent <> slug)
);
create index category_parts on category (parent);

-- One row a page of the shop: what its variants (the rows of product) have in common.
create table listing (
  slug         text collate "C" primary key,
  title        text not null,
  description  text not null,
  category     text collate "C" references category (slug),
  attributes   jsonb not null,
  tax_category text not null,
  published    boolean not null,
  -- Made by the import of a product that had no listing: follows that product's name, and gives it away.
  automatic    boolean not null,
  version      bigint not null,
  created_at   timestamptz not null default now(),

  -- Made of the rest and of its variants whenever one of them changes: for search alone.
  search          tsvector not null default '',
  lowest          bigint,
  lowest_currency text,
  constraint listing_version_from_one check (version >= 1)
) with (fillfactor = 80);
-- Without a pending list: after an import every search would read it from end to end.
create index listing_search on listing using gin (search) with (fastupdate = off) where published;
create index listing_attributes on listing using gin (attributes jsonb_path_ops) where published;
create index listing_category on listing (category) where published;
create index listing_newest on listing (created_at desc, slug) where published;
create index listing_title on listing (title collate "C", slug) where published;

-- A variant is a product: its row is told to the others, the rest of it is for pages.
alter table product
  add column listing text collate "C" references listing (slug),
  add column options jsonb not null default '{}',
  add column weight_g int,
  -- [{"currency": "EUR", "amount": 1200}]: prices beside the first
  add column other_prices jsonb not null default '[]';
create index product_listing on product (listing);

-- The lowest price of what is sold on a page, by currency: for filters and order.
create table listing_price (
  listing  text collate "C" references listing (slug),
  currency text,
  lowest   bigint not null,
  primary key (listing, currency)
);
create index listing_price_order on listing_price (currency, lowest, listing);

-- Every word without digits that titles, attributes and SKUs ever had, and their stems: mistyped words are compared with
-- them, the nearest first.
create table word (
  word text collate "C" primary key
);
create index word_likeness on word using gist (word gist_trgm_ops (siglen = 32));

-- What inventory told last of each SKU.
create table stock (
  sku       text collate "C" primary key,
  available boolean not null,
  version   bigint not null
) with (fillfactor = 80);

-- The rules that prices follow, as contracts write them.
create table promotion (
  id   text collate "C" primary key,
  body jsonb not null
);
create table coupon (
  -- In capital letters: codes are compared without regard to case.
  code      text collate "C" primary key,
  promotion text collate "C" not null references promotion (id) on delete cascade,
  body      jsonb not null,
  -- Orders that used it and were not cancelled.
  used      bigint not null default 0,
  constraint coupon_used_counts check (used >= 0)
);
create index coupon_promotion on coupon (promotion);
create table coupon_use (
  order_id    uuid,
  code        text collate "C",
  customer_id uuid not null,
  -- The order was cancelled.
  returned    boolean not null default false,
  constraint coupon_use_once_an_order primary key (order_id, code)
);
create index coupon_use_of_customer on coupon_use (customer_id, code) where not returned;
create table tax_rate (
  number  int primary key,
  country text not null,
  body    jsonb not null
);
create index tax_rate_country on tax_rate (country);
