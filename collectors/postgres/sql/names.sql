-- What databases (true) and roles (false) are called.
SELECT /* headroom */ true, oid::bigint, datname::text FROM pg_database
UNION ALL
SELECT false, oid::bigint, rolname::text FROM pg_roles
LIMIT 20000
