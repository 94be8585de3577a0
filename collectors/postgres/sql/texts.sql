-- The texts of statements not met before. Reads the server's whole text file, so it is asked seldom.
SELECT /* headroom */ DISTINCT ON (userid, dbid, queryid)
    concat_ws(' ', userid, dbid, queryid), left(query, {length})
FROM {function}(true)
WHERE queryid = ANY (%s::bigint[])
