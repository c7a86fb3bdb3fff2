-- Keep the versions that staged REST APIs replace; one that began with this very run leaves no trace.
INSERT INTO cmdb.rest_api_closed
    (rest_api_key, valid_from, valid_to, superseded_at, version_id, name, is_private, payload)
SELECT a.rest_api_key, a.valid_from, coalesce(a.valid_to, %(as_of)s), %(as_of)s, a.version_id, a.name,
       a.is_private, p.payload
FROM pg_temp.changed_rest_api AS n
JOIN cmdb.rest_api AS a ON a.rest_api_key = n.rest_api_key
JOIN cmdb.rest_api_payload AS p ON p.rest_api_key = n.rest_api_key
WHERE a.valid_from < %(as_of)s
