-- Make the account-regions of an account that are not known yet.
INSERT INTO cmdb.account_region (account_key, region)
SELECT a.account_key, r.region
FROM cmdb.account AS a CROSS JOIN unnest(%(regions)s::text[]) AS r (region)
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s
ON CONFLICT (account_key, region) DO NOTHING
