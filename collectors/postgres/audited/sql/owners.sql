-- The names of the roles and databases that statements belong to; what was dropped has none.
SELECT /* headroom */ 'role', oid::bigint, rolname::text FROM pg_roles WHERE oid = ANY (%s::oid[])
UNION ALL
SELECT 'database', oid::bigint, datname::text FROM pg_database WHERE oid = ANY (%s::oid[])
