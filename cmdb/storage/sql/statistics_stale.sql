-- Large tables of the ledger that the planner knows nothing of, or that have changed much since it did; those of others and of a standby left out.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('cmdb', 'compliance')
  AND c.relkind = 'r'
  AND pg_relation_size(c.oid) >= %(bytes)s
  AND (c.reltuples < 0 OR pg_stat_get_mod_since_analyze(c.oid) > c.reltuples * %(share)s)
  AND pg_has_role(c.relowner, 'USAGE')
  AND NOT pg_is_in_recovery()
ORDER BY n.nspname, c.relname
