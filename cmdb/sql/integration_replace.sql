-- Open new versions of integrations and keep those they replace; one that began with this very run leaves no trace.
WITH n AS MATERIALIZED (
    SELECT rest_api_key, version_id, types, has_http
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
        (rest_api_key bigint, version_id bigint, types text[], has_http boolean)
),
kept AS (
    INSERT INTO cmdb.integration_closed
        (rest_api_key, valid_from, valid_to, superseded_at, version_id, types, has_http)
    SELECT i.rest_api_key, i.valid_from, coalesce(i.valid_to, %(as_of)s), %(as_of)s, i.version_id, i.types,
           i.has_http
    FROM n
    JOIN cmdb.integration AS i ON i.rest_api_key = n.rest_api_key
    WHERE i.valid_from < %(as_of)s
)
UPDATE cmdb.integration AS i
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL, types = n.types,
    has_http = n.has_http
FROM n
WHERE i.rest_api_key = n.rest_api_key
