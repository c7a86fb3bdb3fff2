-- Keys of REST APIs and what is known of their integration types.
SELECT a.account_region_id, a.rest_api_id, a.rest_api_key, i.types, i.valid_to
FROM unnest(%(regions)s::integer[], %(ids)s::text[]) AS wanted (account_region_id, rest_api_id)
JOIN cmdb.rest_api AS a
    ON a.account_region_id = wanted.account_region_id AND a.rest_api_id = wanted.rest_api_id
LEFT JOIN cmdb.integration AS i ON i.rest_api_key = a.rest_api_key
