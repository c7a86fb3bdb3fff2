-- What is known of the REST APIs in some buckets of some account-regions.
SELECT a.account_region_id, a.rest_api_id, a.rest_api_key, a.digest, a.valid_to
FROM cmdb.rest_api AS a
WHERE a.account_region_id = ANY(%(regions)s)
  AND (a.account_region_id, a.bucket) IN (SELECT unnest(%(of_regions)s::integer[]), unnest(%(buckets)s::smallint[]))
