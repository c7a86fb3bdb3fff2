-- Note the account-regions of an account as handed out.
INSERT INTO cmdb.dispatch_item (run_id, account_region_id)
SELECT %(run_id)s, ar.account_region_id
FROM cmdb.account_region AS ar
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = ANY(%(regions)s)
ON CONFLICT (run_id, account_region_id) DO NOTHING
