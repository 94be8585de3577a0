-- What this collector holds and wrote besides its time: connections of its name and role, and temporary blocks
-- of its own statements, which only the reading of texts can need; and for whom nothing is counted. Costs as
-- much as a poll, so it is asked seldom.
SELECT /* headroom */
    (
        SELECT count(*)
        FROM pg_stat_get_activity(NULL) AS other
        JOIN pg_stat_get_activity(pg_backend_pid()) AS mine
            ON mine.usesysid = other.usesysid AND mine.application_name = other.application_name
    ),
    (
        SELECT coalesce(sum(temp_blks_written), 0)::bigint
        FROM {function}(false)
        WHERE queryid = ANY (%s::bigint[])
    ),
    (
        SELECT coalesce(json_agg(json_build_array(setdatabase::bigint, setrole::bigint)), '[]')
        FROM pg_db_role_setting
        WHERE setconfig && ARRAY['pg_stat_statements.track=none', 'compute_query_id=off']
    )
