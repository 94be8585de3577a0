-- Which of the roles and databases that budgets name exist, asked while none of them is connected.
SELECT /* headroom */ 'role', rolname::text FROM pg_roles WHERE rolname = ANY (%s::text[])
UNION ALL
SELECT 'database', datname::text FROM pg_database WHERE datname = ANY (%s::text[])
