-- Open the new versions of staged integrations.
UPDATE cmdb.integration AS i
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL, types = n.types,
    has_http = n.has_http
FROM pg_temp.changed_integration AS n
WHERE i.rest_api_key = n.rest_api_key
