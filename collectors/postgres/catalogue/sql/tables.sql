-- Tables of users with their counters; no function here opens a table, so none waits for a lock on it.
-- Those that the guide names come first, then the largest, for the number is limited. A domain has the category
-- of the type that it stands for, however many domains lie between.
SELECT /* headroom */
    c.oid::bigint,
    n.nspname::text,
    c.relname::text,
    c.relkind = 'p',
    CASE WHEN c.reltuples < 0 OR {unknown} THEN NULL ELSE c.reltuples::float8 END,
    c.relpages,
    pg_stat_get_live_tuples(c.oid),
    pg_stat_get_mod_since_analyze(c.oid),
    greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)),
    (
        SELECT json_build_array(pn.nspname, pc.relname)
        FROM pg_inherits AS h
        JOIN pg_class AS pc ON pc.oid = h.inhparent
        JOIN pg_namespace AS pn ON pn.oid = pc.relnamespace
        WHERE c.relispartition AND h.inhrelid = c.oid
        LIMIT 1
    ),
    (
        SELECT json_agg(
            json_build_array(
                a.attname,
                CASE
                    WHEN t.oid = 'bool'::regtype OR (t.typtype = 'd' AND t.typcategory = 'B') THEN 'boolean'
                    ELSE ''
                END
            )
            ORDER BY a.attnum
        )
        FROM pg_attribute AS a
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum BETWEEN 1 AND {most_columns} AND NOT a.attisdropped
    ),
    (SELECT count(*) FROM pg_inherits AS h WHERE c.relkind = 'p' AND h.inhparent = c.oid),
    (
        SELECT count(*)
        FROM pg_inherits AS h
        JOIN pg_class AS f ON f.oid = h.inhrelid
        WHERE c.relkind = 'p' AND h.inhparent = c.oid AND f.relkind = 'f'
    )
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    c.relkind IN ('r', 'p', 'm')
    AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
ORDER BY c.relname = ANY (%s::text[]) DESC, c.relpages DESC, c.oid
LIMIT {limit}
