-- Relations of any kind that have, or begin with, one of the given names: an index cannot be called the same.
SELECT /* headroom */ n.nspname::text, c.relname::text
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND EXISTS (SELECT FROM unnest(%s::text[]) AS name WHERE starts_with(c.relname::text, name))
LIMIT {limit}
