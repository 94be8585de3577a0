-- What runs for longer than a limit, who is connected and doing what, who sits in a transaction, and how
-- transactions and sessions ended; once per poll. Functions and numbers instead of views and names: the views
-- read pg_authid and pg_database, which VACUUM FULL locks. The texts do not leave the server.
WITH seen AS MATERIALIZED (
    SELECT
        pid,
        datid::bigint AS datid,
        usesysid::bigint AS usesysid,
        CASE
            WHEN state = 'active' AND wait_event_type = 'Lock' THEN 'waiting for a lock'
            WHEN state LIKE 'idle in transaction%%' THEN 'idle in transaction'
            ELSE coalesce(state, 'unknown')
        END AS doing,
        wait_event_type AS waits,
        -- It is the client's turn: one that pipelines, or reads a portal in parts, stays active meanwhile.
        wait_event_type = 'Client' AND wait_event = 'ClientRead' AS waits_for_client,
        (extract(epoch FROM query_start) * 1000000)::bigint AS started,
        (extract(epoch FROM state_change) * 1000000)::bigint AS changed,
        coalesce(backend_xid, backend_xmin) IS NOT NULL AS holds,
        {query_id} AS query_id,
        -- The start is that of the whole string: of several statements, only the first began then. What is
        -- cut off may hold a second one.
        strpos(rtrim(left(query, 10000), E' \t\r\n;'), ';') > 0
            OR octet_length(query) >= least(10000, (
                SELECT setting::int - 4 FROM pg_settings WHERE name = 'track_activity_query_size'
            )) AS several
    FROM pg_stat_get_activity(NULL)
    WHERE backend_type = 'client backend'
),
now AS (SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint AS at)
SELECT /* headroom */
    statement_timestamp(),
    (
        SELECT coalesce(json_agg(json_build_array(pid, datid, usesysid, query_id, started, waits, several)), '[]')
        FROM (
            SELECT seen.* FROM seen, now
            WHERE doing IN ('active', 'waiting for a lock')
                AND pid <> pg_backend_pid()
                AND waits_for_client IS NOT TRUE
                AND started < at - {age}
            ORDER BY started
            LIMIT {most}
        ) AS running
    ),
    (
        SELECT coalesce(json_agg(json_build_array(datid, usesysid, doing, connections)), '[]')
        FROM (SELECT datid, usesysid, doing, count(*) AS connections FROM seen GROUP BY 1, 2, 3) AS crowds
    ),
    (
        SELECT coalesce(json_agg(json_build_array(pid, datid, usesysid, changed, holds)), '[]')
        FROM (
            SELECT seen.* FROM seen, now
            WHERE doing = 'idle in transaction' AND changed < at - {idle}
            ORDER BY changed
            LIMIT 20
        ) AS idle
    ),
    (
        SELECT coalesce(json_agg(json_build_array(
            oid::bigint,
            extract(epoch FROM pg_stat_get_db_stat_reset_time(oid)),
            pg_stat_get_db_xact_rollback(oid),
            pg_stat_get_db_deadlocks(oid),
            pg_stat_get_db_conflict_all(oid),
            pg_stat_get_db_temp_files(oid),
            pg_stat_get_db_temp_bytes(oid),
            {lost}
        )), '[]')
        FROM unnest(%s::oid[]) AS oid
    )
