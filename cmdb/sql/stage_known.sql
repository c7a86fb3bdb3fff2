-- What is known of the stages in some buckets of some account-regions.
SELECT s.account_region_id, a.rest_api_id, s.stage_name, s.stage_id, s.digest, s.valid_to
FROM cmdb.stage AS s
JOIN cmdb.rest_api AS a ON a.rest_api_key = s.rest_api_key
WHERE s.account_region_id = ANY(%(regions)s)
  AND (s.account_region_id, s.bucket) IN (SELECT unnest(%(of_regions)s::integer[]), unnest(%(buckets)s::smallint[]))
