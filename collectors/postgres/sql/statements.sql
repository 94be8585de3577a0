-- Every top-level statement's counters as one binary record, all in one value, since a row each costs the
-- client ten times the processor time; the texts stay on the server's disk.
SELECT /* headroom */
    count(*),
    count(*) - count(queryid),
    coalesce(string_agg({record}, ''::bytea) FILTER (WHERE {counted}), ''::bytea)
FROM {entries}
