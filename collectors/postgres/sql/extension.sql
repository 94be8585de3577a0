-- Where pg_stat_statements lives in this database, whether it tells of evictions and resets (1.9), and how many
-- entries it may hold, which only a restart changes; no row where it is not installed.
SELECT /* headroom */
    n.nspname::text,
    e.extversion::text,
    to_regclass(format('%I.pg_stat_statements_info', n.nspname)) IS NOT NULL,
    current_setting('pg_stat_statements.max', true)::int
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
