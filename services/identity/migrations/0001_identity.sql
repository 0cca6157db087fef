-- Identity: who may come in.
--
-- Passwords, tokens and codes stand here only as hashes; secrets that must be known again (signing keys, second
-- factors) are derived from the service's own secret and a random text that stands here, so a stolen copy of this
-- database signs nothing and opens nothing.

-- One row an account. Its owner has proved that the address is theirs, or there would be no row.
create table account (
  id          uuid primary key,
  -- In small letters, compared byte by byte.
  email       text collate "C" not null,
  name        text,
  -- Argon2id as a PHC string, or bcrypt ($2…) until its owner signs in for the first time.
  password    text not null,
  role        text not null,
  status      text not null,
  language    text not null,
  currency    text,
  by_email    boolean not null,
  by_sms      boolean not null,
  by_push     boolean not null,
  marketing   boolean not null,
  -- What the secret of the second factor is derived from; null without one.
  totp_salt   text,
  -- Whether its owner has shown a code: only then does login ask for one.
  totp_on     boolean not null default false,
  -- The time step of the newest code that was used: no code is good twice.
  totp_step   bigint not null default 0,
  created_at  timestamptz not null,
  -- Grows by one with every change; readers of user.changed keep the highest.
  version     bigint not null,
  -- Id of the user.changed that tells this version.
  event_id    uuid not null,
  -- When a sweep shall tell it; null once JetStream has it. No message that would come again drives it, only a request.
  announce_at timestamptz,
  -- One account an address: who registers or changes to a taken one must not learn so, and must not get it.
  constraint account_email_unique unique (email),
  constraint account_role_known check (role in ('customer', 'support', 'admin', 'service')),
  constraint account_status_known check (status in ('active', 'suspended')),
  -- A second factor cannot be on without a secret.
  constraint account_totp_has_salt check (totp_salt is not null or not totp_on),
  constraint account_version_from_one check (version >= 1)
) with (fillfactor = 80);

create index account_unannounced on account (announce_at) where announce_at is not null;

-- What is left of a deleted account: that it is gone, and that this is to be told.
create table deleted_account (
  id          uuid primary key,
  version     bigint not null,
  event_id    uuid not null,
  announce_at timestamptz,
  deleted_at  timestamptz not null
);

create index deleted_account_unannounced on deleted_account (announce_at) where announce_at is not null;

-- Accounts that are asked for and not verified yet. Each has the password that was given with it, so that nobody can
-- prepare an account for someone else's address and wait for them to verify it.
create table registration (
  -- SHA-256 of the token in the mail.
  token_hash  bytea primary key,
  email       text collate "C" not null,
  name        text,
  password    text not null,
  language    text not null,
  expires_at  timestamptz not null
);

create index registration_by_email on registration (email);
create index registration_by_end on registration (expires_at);

-- Tokens that were mailed to the owner of an account: each is good once.
create table mail_token (
  -- SHA-256 of the token in the mail.
  token_hash  bytea primary key,
  account_id  uuid not null references account on delete cascade,
  -- What it is good for.
  purpose     text not null,
  -- The address that it proves, for a change of address.
  email       text collate "C",
  expires_at  timestamptz not null,
  constraint mail_token_purpose_known check (purpose in ('reset', 'email')),
  constraint mail_token_email_for_change check ((purpose = 'email') = (email is not null))
);

create index mail_token_by_account on mail_token (account_id);
create index mail_token_by_end on mail_token (expires_at);

-- Who forgot a password: looked up after the answer, so that its time does not tell whether there is such an account.
create table forgotten (
  id       uuid primary key,
  email    text not null,
  asked_at timestamptz not null
);

-- One row a sign-in: the family of its refresh tokens.
create table session (
  id           uuid primary key,
  -- Null once the account is gone; an ended session is remembered as long as its access tokens could be good.
  account_id   uuid references account on delete set null,
  -- What it was called at login; personal.
  device       text,
  created_at   timestamptz not null,
  last_used_at timestamptz not null,
  -- Slides with every use.
  expires_at   timestamptz not null,
  ended_at     timestamptz,
  -- Why: logout, stolen (a refresh token was used twice), password, admin, deleted, crowd (too many sessions).
  ended_why    text,
  constraint session_end_has_reason check ((ended_at is null) = (ended_why is null))
) with (fillfactor = 80);

create index session_by_account on session (account_id) where ended_at is null;
create index session_ended on session (ended_at, id) where ended_at is not null;
create index session_by_end on session (expires_at);

-- Refresh tokens: the newest of a session is good, the others tell that somebody has a copy.
create table refresh_token (
  -- SHA-256 of the token.
  token_hash bytea primary key,
  session_id uuid not null references session on delete cascade,
  created_at timestamptz not null,
  used_at    timestamptz
);

create index refresh_token_by_session on refresh_token (session_id);
create index refresh_token_by_age on refresh_token (created_at);

-- Codes that stand in for the second factor, each good once.
create table recovery_code (
  account_id uuid not null references account on delete cascade,
  -- HMAC-SHA256 of the code under the service's own secret: the code is short.
  code_hash  text not null,
  primary key (account_id, code_hash)
);

-- Tries that may be guesses: by account, by address, by account from an address, by address that mails go to.
create table guess (
  -- HMAC-SHA256 under the service's own secret: whom it is about cannot be read here.
  key      text collate "C" primary key,
  tries    integer not null,
  last_at  timestamptz not null,
  -- No further try before this.
  free_at  timestamptz not null
) with (fillfactor = 70);

create index guess_by_age on guess (last_at);

-- From where an account was signed in to lately: strangers who guess elsewhere do not delay its owner there.
create table familiar (
  account_id uuid not null references account on delete cascade,
  -- HMAC-SHA256 of the network address under the service's own secret.
  place      text not null,
  seen_at    timestamptz not null,
  primary key (account_id, place)
);

-- Mails on their way. They are written in the transaction that they belong to, and sent after it.
create table mail (
  id         uuid primary key,
  recipient  text not null,
  subject    text not null,
  -- Has a token in it: erased once it is sent.
  body       text not null,
  created_at timestamptz not null,
  due_at     timestamptz not null,
  tries      integer not null default 0,
  -- After this it is of no use to anyone.
  expires_at timestamptz not null
);

create index mail_due on mail (due_at);
create index mail_by_age on mail (created_at);
create index mail_by_recipient on mail (recipient);

-- Who did what with an account. No personal data but ids, so it may outlive the account.
create table history (
  number     bigint generated always as identity primary key,
  account_id uuid not null,
  at         timestamptz not null,
  by_id      uuid not null,
  by_role    text not null,
  what       text not null
);

create index history_by_account on history (account_id, number);

-- Where its owner has things sent.
create table address (
  id          uuid primary key,
  account_id  uuid not null references account on delete cascade,
  label       text,
  is_default  boolean not null,
  name        text not null,
  line1       text not null,
  line2       text,
  city        text not null,
  postal_code text,
  country     text not null
);

create index address_by_account on address (account_id);
-- One is offered first.
create unique index address_one_default on address (account_id) where is_default;

-- The picture of its owner.
create table avatar (
  account_id uuid primary key references account on delete cascade,
  media_type text not null,
  picture    bytea not null,
  constraint avatar_not_large check (octet_length(picture) <= 524288)
);

-- Keys of programs of the shop's.
create table api_key (
  id           uuid primary key,
  -- SHA-256 of the key.
  key_hash     bytea not null,
  name         text not null,
  scopes       text[] not null,
  created_by   uuid not null,
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  last_used_at timestamptz,
  constraint api_key_unique unique (key_hash)
);

create index api_key_revoked on api_key (revoked_at, id) where revoked_at is not null;

-- Keys that access tokens are signed with. The private key is derived from the service's own secret and `kid`.
create table signing_key (
  kid        text primary key,
  -- The public key, in base64url: should the service's secret be another one day, tokens of before stay good, and the
  -- service sees that it needs a new key.
  x          text not null,
  created_at timestamptz not null,
  -- Every gateway has it by then.
  signs_from timestamptz not null
);
