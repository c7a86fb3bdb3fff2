-- What is known of all REST APIs of some account-regions.
SELECT account_region_id, rest_api_id, rest_api_key, digest, valid_to
FROM cmdb.rest_api
WHERE account_region_id = ANY(%(regions)s)
