-- Keys of REST APIs by their AWS ids.
SELECT rest_api_id, rest_api_key
FROM cmdb.rest_api
WHERE account_region_id = %(region)s AND rest_api_id = ANY(%(ids)s)
