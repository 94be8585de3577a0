-- Connections in use per role; a role that does not exist gives no row.
SELECT /* headroom */ r.rolname::text, count(a.pid)
FROM pg_roles AS r
LEFT JOIN pg_stat_activity AS a ON a.usesysid = r.oid AND a.backend_type = 'client backend'
WHERE r.rolname = ANY (%s::text[])
GROUP BY r.rolname
