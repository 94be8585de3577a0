-- Whether this role may see what others do, its name, and all sessions of clients.
SELECT /* headroom */
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
    current_user::text,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
