-- What is known of the REST APIs in some buckets of an account-region.
SELECT rest_api_id, rest_api_key, digest, valid_to
FROM cmdb.rest_api
WHERE account_region_id = %(region)s AND bucket = ANY(%(buckets)s)
