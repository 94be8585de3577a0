-- Who has sessions: clients only, and not this collector. Addresses are counted, not read.
SELECT /* headroom */
    usename::text, datname::text, application_name::text,
    count(DISTINCT coalesce(client_addr::text, 'socket')),
    count(*),
    count(*) FILTER (WHERE state LIKE 'idle in transaction%%'),
    coalesce(extract(epoch FROM max(clock_timestamp() - state_change) FILTER (
        WHERE state LIKE 'idle in transaction%%'
    )), 0)::float8
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'headroom' AND usename IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY 5 DESC, 1, 2, 3
LIMIT %s
