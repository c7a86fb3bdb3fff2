-- Keep the versions that staged integrations replace; one that began with this very run leaves no trace.
INSERT INTO cmdb.integration_closed
    (rest_api_key, valid_from, valid_to, superseded_at, version_id, types, has_http)
SELECT i.rest_api_key, i.valid_from, coalesce(i.valid_to, %(as_of)s), %(as_of)s, i.version_id, i.types,
       i.has_http
FROM pg_temp.changed_integration AS n
JOIN cmdb.integration AS i ON i.rest_api_key = n.rest_api_key
WHERE i.valid_from < %(as_of)s
