-- Relations that somebody holds exclusively, or waits to: whoever opens one of them now waits in line.
SELECT /* headroom */ DISTINCT l.relation::bigint
FROM pg_locks AS l
WHERE
    l.locktype = 'relation'
    AND l.mode = 'AccessExclusiveLock'
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND l.pid IS DISTINCT FROM pg_backend_pid()
