-- Whether VACUUM FULL or the like is at what names roles and databases: pg_authid, pg_database and
-- pg_db_role_setting, or waits for it, behind which all others would wait.
SELECT /* headroom */ EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'relation' AND database = 0 AND relation IN (1260, 1262, 2964) AND mode = 'AccessExclusiveLock'
)
