-- Indexes of the given tables, from the catalogue's rows alone: pg_get_indexdef would wait behind DDL.
SELECT /* headroom */
    i.indrelid::bigint,
    i.indexrelid::bigint,
    c.relname::text,
    m.amname::text,
    i.indisunique,
    i.indisvalid,
    i.indisready,
    i.indislive,
    i.indisreplident,
    c.relkind = 'I',
    c.relpages,
    pg_stat_get_numscans(c.oid),
    {last_scan},
    i.indpred IS NOT NULL,
    (
        SELECT k.contype::text
        FROM pg_constraint AS k
        WHERE k.conindid = i.indexrelid
        ORDER BY array_position('{{p,u,x,f}}', k.contype::text)
        LIMIT 1
    ),
    (
        SELECT json_build_array(pn.nspname, pc.relname)
        FROM pg_inherits AS h
        JOIN pg_class AS pc ON pc.oid = h.inhparent
        JOIN pg_namespace AS pn ON pn.oid = pc.relnamespace
        WHERE h.inhrelid = i.indexrelid
        LIMIT 1
    ),
    (
        SELECT json_agg(
            json_build_array(
                a.attname,
                (i.indoption[part.place - 1] & 1) <> 0,
                (i.indoption[part.place - 1] & 2) <> 0,
                CASE WHEN o.opcdefault THEN '' ELSE o.opcname END,
                CASE WHEN i.indcollation[part.place - 1] IN (0, a.attcollation) THEN '' ELSE l.collname END
            ) ORDER BY part.place
        )
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS part (attnum, place)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = part.attnum AND part.attnum <> 0
        LEFT JOIN pg_opclass AS o ON o.oid = i.indclass[part.place - 1]
        LEFT JOIN pg_collation AS l ON l.oid = i.indcollation[part.place - 1]
        WHERE part.place <= i.indnkeyatts
    ),
    (
        SELECT json_agg(a.attname ORDER BY part.place)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS part (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
        WHERE part.place > i.indnkeyatts
    )
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam
WHERE i.indrelid = ANY (%s::oid[])
ORDER BY array_position(%s::oid[], i.indrelid), i.indexrelid
LIMIT {limit}
