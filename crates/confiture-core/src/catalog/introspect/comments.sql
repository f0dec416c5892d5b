-- Comments of everything that is ours, by address.
SELECT 'comment', d.classoid, d.objoid, d.objoid, d.objsubid, ARRAY[d.description]::text[]
FROM pg_description d
WHERE (d.objoid >= 16384 OR d.objoid = 2200 AND d.classoid = 'pg_namespace'::regclass)
