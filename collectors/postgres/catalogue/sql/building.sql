-- Indexes that a CREATE INDEX CONCURRENTLY or REINDEX is at work on: not valid yet, and not broken either.
SELECT /* headroom */ p.index_relid::bigint
FROM pg_stat_progress_create_index AS p
WHERE p.datname = current_database() AND p.index_relid <> 0
