-- What is known of all stages of some account-regions.
SELECT s.account_region_id, a.rest_api_id, s.stage_name, s.stage_id, s.digest, s.valid_to
FROM cmdb.stage AS s
JOIN cmdb.rest_api AS a ON a.rest_api_key = s.rest_api_key
WHERE s.account_region_id = ANY(%(regions)s)
