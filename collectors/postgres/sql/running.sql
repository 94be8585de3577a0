-- The texts of statements that run and whose query id says nothing: before a statement is analysed it has none,
-- and it is analysed only when its tables are not locked.
SELECT /* headroom */ pid, (extract(epoch FROM query_start) * 1000000)::bigint, left(query, {length})
FROM pg_stat_get_activity(NULL)
WHERE pid = ANY (%s::int[]) AND state = 'active'
