-- Take back a disappearance that an earlier run of the same as_of found.
UPDATE cmdb.rest_api SET valid_to = NULL WHERE rest_api_key = ANY(%(keys)s)
