-- Open the new versions of staged REST APIs.
UPDATE cmdb.rest_api AS a
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL,
    digest = n.digest, name = n.name, is_private = n.is_private
FROM pg_temp.changed_rest_api AS n
WHERE a.rest_api_key = n.rest_api_key
