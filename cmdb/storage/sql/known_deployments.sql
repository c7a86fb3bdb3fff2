-- Deployments of the live REST APIs in an account's regions whose definitions are known, by REST API.
SELECT ar.region, api.rest_api_id, array_agg(d.deployment_id)
FROM cmdb.deployment AS d
JOIN cmdb.rest_api AS api ON api.item_id = d.parent_id
JOIN cmdb.account_region AS ar ON ar.account_region_id = d.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = ANY(%(regions)s)
  AND api.valid_to IS NULL AND d.valid_to IS NULL
GROUP BY ar.region, api.rest_api_id
