-- Keys of REST APIs and what is known of their integration types.
SELECT a.rest_api_id, a.rest_api_key, i.types, i.valid_to
FROM cmdb.rest_api AS a
LEFT JOIN cmdb.integration AS i ON i.rest_api_key = a.rest_api_key
WHERE a.account_region_id = %(region)s AND a.rest_api_id = ANY(%(ids)s)
