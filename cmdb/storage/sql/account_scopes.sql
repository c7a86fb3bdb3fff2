-- Regional scopes of an account that a run wants: all of them, or those outside the regions that it reads.
SELECT sc.account_region_id, sc.item_type, ar.region
FROM cmdb.scope AS sc
JOIN cmdb.account_region AS ar ON ar.account_region_id = sc.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region <> 'global'
  AND NOT ar.region = ANY(%(regions)s)
  AND sc.item_type = ANY(%(wanted)s)
