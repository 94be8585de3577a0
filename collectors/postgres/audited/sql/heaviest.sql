-- The statements that took most of the time, at top level, in numbers; the texts stay on the server's disk.
SELECT /* headroom */
    userid, dbid, queryid, calls, {total}, {low}, {high}, {deviation}, rows,
    shared_blks_hit + shared_blks_read, temp_blks_written
FROM {function}(false)
WHERE queryid IS NOT NULL AND {toplevel}
ORDER BY {total} DESC
LIMIT {limit}
