-- The settings that are audited, and where each comes from. Asked by a session without settings of its own.
SELECT /* headroom */
    name, setting, coalesce(unit, ''), source,
    CASE WHEN sourcefile IS NULL THEN '' ELSE sourcefile || ', line ' || sourceline END,
    coalesce(boot_val, ''), context = 'postmaster', pending_restart
FROM pg_settings
WHERE name = ANY (%s::text[])
