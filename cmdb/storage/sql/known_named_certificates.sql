-- Certificates that live stages in an account's regions name, by the id of their API (REST, HTTP, WebSocket: one name space).
SELECT DISTINCT ar.region, s.api_id, s.client_certificate_id
FROM (
    SELECT s.account_region_id, api.rest_api_id AS api_id, s.client_certificate_id
    FROM cmdb.stage AS s
    JOIN cmdb.rest_api AS api ON api.item_id = s.parent_id
    WHERE s.valid_to IS NULL AND btrim(s.client_certificate_id) <> ''
    UNION ALL
    SELECT s.account_region_id, api.api_id, s.client_certificate_id
    FROM cmdb.api_stage AS s
    JOIN cmdb.api AS api ON api.item_id = s.parent_id
    WHERE s.valid_to IS NULL AND btrim(s.client_certificate_id) <> ''
) AS s
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE a.partition = %(partition)s AND a.account_id = %(account_id)s AND ar.region = ANY(%(regions)s)
