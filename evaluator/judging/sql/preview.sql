-- Which stages a policy would judge otherwise than their records say, and by what.
SELECT report.resource_arn(a.partition, ar.region, api.rest_api_id, s.stage_name) AS resource_arn,
       a.account_id, ar.region, before.status AS status_before, before.name AS condition_before, now.status,
       now.name AS condition,
       report.filled_in(now.message, a.account_id, ar.region, api.rest_api_id, api.name, s.stage_name,
                        s.client_certificate_id) AS message
FROM pg_temp.verdict AS v
JOIN compliance.condition AS now ON now.condition_key = v.condition_key
LEFT JOIN compliance.condition AS before ON before.condition_key = v.condition_before
JOIN cmdb.stage AS s ON s.stage_id = v.stage_id
JOIN cmdb.rest_api AS api ON api.rest_api_key = s.rest_api_key
JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
WHERE before.status IS DISTINCT FROM now.status
ORDER BY now.status, a.account_id, ar.region, api.rest_api_id, s.stage_name
