-- Which columns of the given tables refer to which other.
SELECT /* headroom */
    k.conrelid::bigint,
    k.conname::text,
    n.nspname::text,
    c.relname::text,
    (
        SELECT json_agg(a.attname ORDER BY part.place)
        FROM unnest(k.conkey) WITH ORDINALITY AS part (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = part.attnum
    )
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.confrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conrelid = ANY (%s::oid[])
ORDER BY k.oid
LIMIT {limit}
