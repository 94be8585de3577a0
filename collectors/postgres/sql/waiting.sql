-- Who holds up whom, asked only while somebody waits: to find out takes the lock tables' own locks.
SELECT /* headroom */ pid, pg_blocking_pids(pid)
FROM (
    SELECT pid FROM pg_stat_get_activity(NULL)
    WHERE backend_type = 'client backend' AND state = 'active' AND wait_event_type = 'Lock'
    ORDER BY query_start
    LIMIT 20
) AS waiting
