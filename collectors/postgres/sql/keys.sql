-- Which database this is; the tables and views of these names with their primary and unique keys, if any; and
-- which of these functions are aggregates of somebody's own. No function that would wait for a table's lock.
SELECT /* headroom */ d.oid::bigint, f.kind, f.nspname, f.name, f.columns
FROM pg_database AS d
LEFT JOIN (
    (
        SELECT
            CASE WHEN i.indisprimary THEN 'primary' WHEN i.indexrelid IS NOT NULL THEN 'unique'
                WHEN c.relkind = 'v' THEN 'view' ELSE 'table' END AS kind,
            n.nspname::text,
            c.relname::text AS name,
            ARRAY(
                SELECT a.attname::text
                FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number
                WHERE k.place <= i.indnkeyatts
            ) AS columns
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_index AS i ON i.indrelid = c.oid
            AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready
            AND NOT i.indisexclusion AND i.indpred IS NULL AND i.indexprs IS NULL
            -- A key of a parent table says nothing of the rows in its children; that of a partitioned one does.
            AND NOT (c.relkind = 'r' AND c.relhassubclass)
        WHERE c.relname = ANY (%s::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        LIMIT 20000
    )
    UNION ALL
    (
        SELECT 'aggregate', n.nspname::text, p.proname::text, '{}'::text[]
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE p.proname = ANY (%s::text[]) AND p.prokind = 'a' AND n.nspname <> 'pg_catalog'
        LIMIT 1000
    )
) AS f ON true
WHERE d.datname = current_database()
