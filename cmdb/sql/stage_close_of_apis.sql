-- Close the live stages of REST APIs that are gone.
UPDATE cmdb.stage SET valid_to = %(as_of)s
WHERE account_region_id = %(region)s AND rest_api_key = ANY(%(keys)s) AND valid_to IS NULL
