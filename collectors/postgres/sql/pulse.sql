-- The server's clock, who asks and what this role may read, and the connections in use; once per poll.
-- reserved_connections came with PostgreSQL 16.
SELECT /* headroom */
    now(),
    pg_postmaster_start_time(),
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
    current_user::text,
    (SELECT count(*) FROM pg_stat_get_activity(NULL) WHERE backend_type = 'client backend'),
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int,
    pg_backend_pid(),
    pg_is_in_recovery(),
    current_database()::text
