-- The predicates and expressions of the given indexes, as the server prints them. Printing opens the table, so
-- those that are locked are left out by whoever asks; a lock that comes in between ends this by lock_timeout.
SELECT /* headroom */
    i.indexrelid::bigint,
    pg_get_expr(i.indpred, i.indrelid),
    (
        SELECT json_agg(
            CASE WHEN part.attnum = 0 THEN pg_get_indexdef(i.indexrelid, part.place::int, false) END
            ORDER BY part.place
        )
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS part (attnum, place)
        WHERE i.indexprs IS NOT NULL AND part.place <= i.indnkeyatts
    )
FROM pg_index AS i
WHERE i.indexrelid = ANY (%s::oid[])
