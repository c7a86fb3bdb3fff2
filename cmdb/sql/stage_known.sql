-- What is known of the stages in some buckets of an account-region.
SELECT a.rest_api_id, s.stage_name, s.stage_id, s.digest, s.valid_to
FROM cmdb.stage AS s
JOIN cmdb.rest_api AS a ON a.rest_api_key = s.rest_api_key
WHERE s.account_region_id = %(region)s AND s.bucket = ANY(%(buckets)s)
