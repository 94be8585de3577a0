-- What the session is in, and since when tables and indexes are counted. A crash empties the counters without
-- a word in pg_stat_database; it is seen by the shared counters, which all begin anew with it.
SELECT /* headroom */
    current_setting('server_version_num')::int,
    current_setting('server_version'),
    current_database()::text,
    pg_is_in_recovery(),
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
    current_user::text,
    greatest(
        (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
        least(
            (SELECT stats_reset FROM pg_stat_archiver),
            (SELECT stats_reset FROM pg_stat_bgwriter)
        )
    )
