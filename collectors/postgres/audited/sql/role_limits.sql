-- The roles that may have a limited number of sessions, and how many each has.
SELECT /* headroom */ r.rolname::text, r.rolconnlimit, count(a.pid)
FROM pg_roles AS r
LEFT JOIN pg_stat_activity AS a ON a.usesysid = r.oid AND a.backend_type = 'client backend'
WHERE r.rolconnlimit >= 0 AND r.rolcanlogin AND NOT r.rolsuper
GROUP BY r.rolname, r.rolconnlimit
ORDER BY 3 DESC, 1
LIMIT 100
