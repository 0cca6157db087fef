-- How the sandbox treats whoever calls it: one row, looked at a few times a second. Whoever wants to see what the
-- flock does about it changes the row; a real one outside has a temper of its own.
create table temper (
  only_row      boolean primary key default true,
  -- nobody is reached, nothing is done
  down          boolean not null default false,
  -- so many of a hundred calls fail before anything is done
  fails_percent int     not null default 0,
  -- so many of a hundred calls are carried out, and the answer is lost
  loses_percent int     not null default 0,
  -- an answer comes late, by any time up to this
  late_ms       int     not null default 0,

  constraint temper_has_one_row check (only_row),
  constraint temper_fails_percent_known check (fails_percent between 0 and 100),
  constraint temper_loses_percent_known check (loses_percent between 0 and 100),
  constraint temper_late_not_early check (late_ms >= 0)
);

insert into temper default values;
