-- Close REST APIs that are gone.
UPDATE cmdb.rest_api SET valid_to = %(as_of)s WHERE rest_api_key = ANY(%(keys)s) AND valid_to IS NULL
