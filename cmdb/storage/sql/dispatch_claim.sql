-- A handed-out account-region whose result is still wanted, locked.
SELECT i.account_region_id
FROM cmdb.dispatch_item AS i
JOIN cmdb.account_region AS ar ON ar.account_region_id = i.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE i.run_id = %(run_id)s AND i.done_at IS NULL
  AND a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = %(region)s
FOR UPDATE OF i
