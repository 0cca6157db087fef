-- Where the shop delivers. Few rows, changed by people.
create table zone (
  id            text primary key,
  -- ISO 3166-1 alpha-2
  country       text not null,
  -- the longest prefix that fits an address's postal code decides; '' fits all
  postal_prefix text not null default '',
  -- false: a part of a country that is left out
  served        boolean not null default true,
  -- parcels go in slots, each with room for so many
  has_slots     boolean not null default false,

  -- the id travels in shipment.held
  constraint zone_id_fits check (char_length(id) between 1 and 32),
  constraint zone_country_is_a_code check (country ~ '^[A-Z]{2}$'),
  -- postal codes are compared in capitals without spaces and hyphens
  constraint zone_prefix_is_plain check (postal_prefix ~ '^[A-Z0-9]*$'),
  -- else two zones would fit an address equally well; also the index by which zones are found
  constraint zone_place_once unique (country, postal_prefix)
);

-- A day and part of day in a zone, with room for so many parcels.
create table slot (
  zone     text not null references zone (id),
  slot     text not null,
  capacity bigint not null,
  -- places held or used: as many as there are live shipments with this slot
  taken    bigint not null default 0,

  constraint slot_pk primary key (zone, slot),
  constraint slot_id_fits check (char_length(slot) between 1 and 32),
  -- a slot is never overbooked, and a place never freed twice
  constraint slot_taken_within_capacity check (taken between 0 and capacity)
) with (fillfactor = 20); -- a hot slot is updated once a batch: room for its versions in the same page

-- All that shipping knows of an order; also of one that others spoke of first ('expected'), and of one that was
-- cancelled before it was created ('tombstone').
create table shipment (
  order_id    uuid primary key,
  state       text not null,
  -- null until order.created or order.cancelled says it
  customer_id uuid,
  zone        text,
  slot        text,
  paid        boolean not null,
  confirmed   boolean not null,
  -- number of the newest attempt at the carrier; 0: none yet
  attempts    smallint not null,
  carrier     text,
  tracking    text,

  constraint shipment_state_known check (state in ('expected', 'held', 'booking', 'scheduled', 'rejected',
    'dispatched', 'delivered', 'cancelled', 'tombstone')),
  -- whoever asks for it must be told apart from others
  constraint shipment_is_somebodys check (state in ('expected', 'tombstone') or customer_id is not null),
  constraint shipment_live_in_zone check (
    state not in ('held', 'booking', 'scheduled', 'dispatched', 'delivered') or zone is not null),
  -- the carrier is asked only for what is paid
  constraint shipment_booked_once_paid check (
    state not in ('booking', 'scheduled', 'dispatched', 'delivered') or paid),
  -- what the carrier took has its number
  constraint shipment_scheduled_has_tracking check (
    (state in ('scheduled', 'dispatched', 'delivered')) = (tracking is not null)
    and (carrier is null) = (tracking is null)),
  -- nothing leaves the house before orders says that the order stands
  constraint shipment_dispatched_once_confirmed check (state not in ('dispatched', 'delivered') or confirmed),
  -- an attempt's number is one byte of its answer's message id
  constraint shipment_attempts_fit check (attempts between 0 and 250)
) with (fillfactor = 50); -- inserted once, updated three times soon after: no indexed column changes

-- Where a held parcel goes. Personal data, alone in its table, so that it can be erased alone; written once.
create table destination (
  order_id uuid primary key,
  address  jsonb not null
);

-- Something the carrier is asked to do. The key at the carrier is '<order>-<number>' of the booking.
create table attempt (
  order_id        uuid not null,
  number          smallint not null,
  purpose         text not null,
  -- for a void: the booking that it undoes
  of_attempt      smallint,
  -- due: to be called; leased: being called, or its caller died; answered; withdrawn: never called, never will be
  state           text not null default 'due',
  outcome         text,
  tracking        text,
  -- how often it was leased; from 1 on the carrier may know of it
  calls           int not null default 0,
  -- since when the carrier may know of it: its keys do not live for ever
  first_leased_at timestamptz,
  -- when it is due, or when its lease ends
  next_try_at     timestamptz not null default now(),

  constraint attempt_pk primary key (order_id, number),
  -- the number is one byte of its answer's message id
  constraint attempt_number_fits check (number between 1 and 250),
  constraint attempt_purpose_known check (purpose in ('book', 'void')),
  -- the first attempt is the booking and the only one: never two parcels for an order
  constraint attempt_books_once check ((purpose = 'book') = (number = 1)),
  constraint attempt_void_of_booking check ((purpose = 'void') = (of_attempt is not null)),
  constraint attempt_state_known check (state in ('due', 'leased', 'answered', 'withdrawn')),
  constraint attempt_answered_has_outcome check (
    (state = 'answered') = (outcome is not null) and outcome in ('booked', 'refused', 'voided')),
  constraint attempt_booked_has_tracking check (
    coalesce(outcome = 'booked', false) = (tracking is not null)),
  -- what the carrier may know of is never withdrawn, its answer decides
  constraint attempt_withdrawn_uncalled check (state <> 'withdrawn' or calls = 0)
);

-- The caller's queue: an attempt leaves it once answered or withdrawn.
create index attempt_open on attempt (next_try_at) where state in ('due', 'leased');

-- The countries of the first shop's customers and their neighbours; Antarctica, for one, is not served.
insert into zone (id, country)
select country, country from unnest(array[
  'GB', 'IE', 'GG', 'JE', 'IM', 'DE', 'FR', 'ES', 'PT', 'IT', 'NL', 'BE', 'LU', 'AT', 'CH', 'DK', 'SE', 'NO',
  'FI', 'IS', 'PL', 'CZ', 'SK', 'HU', 'SI', 'HR', 'RO', 'BG', 'GR', 'CY', 'MT', 'LT', 'LV', 'EE', 'US', 'CA',
  'BR', 'AU', 'NZ', 'IL', 'LB', 'SA', 'AE', 'BH', 'SG', 'HK', 'KR', 'ZA'
]) as country;

-- An example of a part of a country that is left out.
insert into zone (id, country, postal_prefix, served) values ('GB-ZZ', 'GB', 'ZZ', false);

-- An example of a zone with slots: some small ones, and one that has always room.
insert into zone (id, country, has_slots) values ('JP', 'JP', true);
insert into slot (zone, slot, capacity)
values ('JP', '2030-01-01-am', 10), ('JP', '2030-01-01-pm', 10), ('JP', '2030-01-02-am', 10),
       ('JP', '2030-01-02-pm', 10), ('JP', 'standard', 1000000000);
