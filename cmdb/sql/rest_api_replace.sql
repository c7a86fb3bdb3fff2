-- Open new versions of REST APIs and keep those they replace; one that began with this very run leaves no trace.
WITH n AS MATERIALIZED (
    SELECT rest_api_key, version_id, digest, name, is_private, payload
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
        (rest_api_key bigint, version_id bigint, digest bytea, name text, is_private boolean, payload jsonb)
),
kept AS (
    INSERT INTO cmdb.rest_api_closed
        (rest_api_key, valid_from, valid_to, superseded_at, version_id, name, is_private, payload)
    SELECT a.rest_api_key, a.valid_from, coalesce(a.valid_to, %(as_of)s), %(as_of)s, a.version_id, a.name,
           a.is_private, p.payload
    FROM n
    JOIN cmdb.rest_api AS a ON a.rest_api_key = n.rest_api_key
    JOIN cmdb.rest_api_payload AS p ON p.rest_api_key = n.rest_api_key
    WHERE a.valid_from < %(as_of)s
),
told AS (
    UPDATE cmdb.rest_api_payload AS p SET payload = n.payload FROM n WHERE p.rest_api_key = n.rest_api_key
)
UPDATE cmdb.rest_api AS a
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL,
    digest = n.digest, name = n.name, is_private = n.is_private
FROM n
WHERE a.rest_api_key = n.rest_api_key
