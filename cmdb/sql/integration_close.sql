-- Close the integrations of REST APIs that are gone.
UPDATE cmdb.integration SET valid_to = %(as_of)s WHERE rest_api_key = ANY(%(keys)s) AND valid_to IS NULL
