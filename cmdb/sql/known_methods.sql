-- When and for which deployments the methods of the REST APIs in an account's regions were read.
SELECT ar.region, api.rest_api_id, m.read_at, m.deployment_ids
FROM cmdb.integration AS m
JOIN cmdb.rest_api AS api ON api.item_id = m.parent_id
JOIN cmdb.account_region AS ar ON ar.account_region_id = api.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = ANY(%(regions)s)
  AND api.valid_to IS NULL AND m.valid_to IS NULL AND m.read_at IS NOT NULL
