-- Every statement's counters as one line of words; the texts stay on the server's disk.
-- One value for all lines, since a row each costs the client four times the processor time.
SELECT /* headroom */ count(*), string_agg(entry.line, E'\n')
FROM (
    SELECT concat_ws(' ', {columns}) AS line
    FROM {function}(false)
    WHERE queryid IS NOT NULL
    LIMIT {limit}
) AS entry
