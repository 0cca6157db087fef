-- Pictures of listings. Their bytes are in a store of objects that only the gateway reads and writes; here stands which
-- there are. A row that shows a picture is written after its objects, and goes before them.

-- The pictures that pages show.
create table listing_image (
  -- Names the objects; never given twice, so what was once deleted never comes back.
  id       uuid primary key,
  -- No cascade: whoever deletes a page has to say that its objects are astray.
  listing  text collate "C" not null references listing (slug),
  -- Gaps mean nothing.
  position int not null,
  -- SHA-256 of what was sent, in hex.
  content  text collate "C" not null,
  -- What it shows, in words.
  alt      text,
  -- In pixels, upright.
  width    int not null,
  height   int not null,
  -- The same picture sent again is the picture that is there.
  constraint listing_image_once unique (listing, content),
  -- Deferred, since pictures change places with each other.
  constraint listing_image_one_a_place unique (listing, position) deferrable initially deferred,
  constraint listing_image_has_sides check (width > 0 and height > 0)
);

-- Pictures that no page shows, whose objects may be there: their upload has begun, or they were taken away.
create table stray_image (
  id     uuid primary key,
  -- When its objects are to be deleted.
  due_at timestamptz not null,
  -- The gateway was told to delete its objects: no page may show it any more.
  doomed boolean not null default false
);
create index stray_image_due on stray_image (due_at);
