-- The texts of these statements. The server reads its whole file of texts for it, so an audit asks once.
SELECT /* headroom */ userid::bigint, dbid::bigint, queryid, left(query, {length})
FROM {function}(true)
WHERE queryid = ANY (%s::bigint[])
