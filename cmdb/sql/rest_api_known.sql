-- What is known of some REST APIs.
SELECT a.account_region_id, a.rest_api_id, a.rest_api_key, a.digest, a.valid_to
FROM unnest(%(regions)s::integer[], %(ids)s::text[]) AS wanted (account_region_id, rest_api_id)
JOIN cmdb.rest_api AS a
    ON a.account_region_id = wanted.account_region_id AND a.rest_api_id = wanted.rest_api_id
