-- Which columns of the given tables refer to another.
SELECT /* headroom */
    k.conrelid::bigint,
    k.conname::text,
    (
        SELECT json_agg(a.attname ORDER BY part.place)
        FROM unnest(k.conkey) WITH ORDINALITY AS part (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = part.attnum
    )
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.conrelid = ANY (%s::oid[])
ORDER BY k.oid
LIMIT {limit}
