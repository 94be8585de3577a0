-- Where pg_stat_statements lives in this database, and where it tells of evictions and resets (1.9); no row
-- where it is not installed.
SELECT /* headroom */
    n.nspname::text,
    to_regclass(format('%I.pg_stat_statements_info', n.nspname)) IS NOT NULL,
    coalesce(current_setting('pg_stat_statements.max', true)::int, 0)
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
