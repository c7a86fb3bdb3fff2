-- Certificates that live stages in an account's regions name, by REST API.
SELECT DISTINCT ar.region, api.rest_api_id, s.client_certificate_id
FROM cmdb.stage AS s
JOIN cmdb.rest_api AS api ON api.item_id = s.parent_id
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = ANY(%(regions)s)
  AND s.valid_to IS NULL AND btrim(s.client_certificate_id) <> ''
