-- The texts of statements not met before; one character more than is looked at shows that a text was cut.
-- Reads the server's whole text file, so it is asked seldom.
SELECT /* headroom */ DISTINCT ON (userid, dbid, queryid)
    concat_ws(' ', userid, dbid, queryid), left(query, {length} + 1)
FROM {function}(true)
WHERE queryid = ANY (%s::bigint[])
