-- From now on announce_at is never null for long: an account that was told is due again a month later, so that whoever
-- makes a copy finds it in the stream, which forgets what is older than ninety days.
update account set announce_at = now() where announce_at is null;

-- And that somebody has left: a service's database that was restored from a backup must forget them again.
update deleted_account set announce_at = now() where announce_at is null;
