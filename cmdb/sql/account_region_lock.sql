-- Key of an account-region, locked so that two merges of it never mix.
SELECT ar.account_region_id
FROM cmdb.account_region AS ar
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = %(region)s
FOR UPDATE OF ar
