-- Which roles and databases have values of their own for the settings that are audited.
SELECT /* headroom */
    coalesce(r.rolname, '')::text, coalesce(d.datname, '')::text,
    split_part(own.option, '=', 1), substr(own.option, strpos(own.option, '=') + 1)
FROM pg_db_role_setting AS s
CROSS JOIN LATERAL unnest(s.setconfig) AS own (option)
LEFT JOIN pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
WHERE split_part(own.option, '=', 1) = ANY (%s::text[])
ORDER BY 3, 1, 2
LIMIT 200
