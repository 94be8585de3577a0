-- From which duration statements are logged, all of them or a sample, when they are stopped, and whether roles
-- or databases have timeouts of their own.
SELECT /* headroom */
    (SELECT setting::bigint FROM pg_settings WHERE name = 'log_min_duration_statement'),
    (SELECT setting::bigint FROM pg_settings WHERE name = 'log_min_duration_sample'),
    (SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'),
    EXISTS (
        SELECT FROM pg_db_role_setting, unnest(setconfig) AS option
        WHERE option LIKE 'statement_timeout=%'
    )
