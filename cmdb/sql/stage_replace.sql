-- Open new versions of stages and keep those they replace; one that began with this very run leaves no trace, and the naming of a certificate goes on while nothing interrupts it.
WITH n AS MATERIALIZED (
    SELECT stage_id, version_id, digest, deployment_id, client_certificate_id, payload
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
        (stage_id bigint, version_id bigint, digest bytea, deployment_id text, client_certificate_id text, payload jsonb)
),
kept AS (
    INSERT INTO cmdb.stage_closed
        (stage_id, valid_from, valid_to, superseded_at, version_id, deployment_id, client_certificate_id,
         certificate_named_at, payload)
    SELECT s.stage_id, s.valid_from, coalesce(s.valid_to, %(as_of)s), %(as_of)s, s.version_id, s.deployment_id,
           s.client_certificate_id, s.certificate_named_at, p.payload
    FROM n
    JOIN cmdb.stage AS s ON s.stage_id = n.stage_id
    JOIN cmdb.stage_payload AS p ON p.stage_id = n.stage_id
    WHERE s.valid_from < %(as_of)s
),
told AS (
    UPDATE cmdb.stage_payload AS p SET payload = n.payload FROM n WHERE p.stage_id = n.stage_id
)
UPDATE cmdb.stage AS s
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL,
    digest = n.digest, deployment_id = n.deployment_id, client_certificate_id = n.client_certificate_id,
    certificate_named_at = CASE
        WHEN s.valid_from < %(as_of)s AND coalesce(s.valid_to, %(as_of)s) = %(as_of)s
             AND s.client_certificate_id IS NOT DISTINCT FROM n.client_certificate_id
        THEN s.certificate_named_at
        -- The version replaced began with this very run: what counts is the one before.
        WHEN s.valid_from = %(as_of)s THEN coalesce(
            (SELECT x.certificate_named_at FROM cmdb.stage_closed AS x
             WHERE x.stage_id = s.stage_id AND x.valid_to = %(as_of)s
               AND x.client_certificate_id IS NOT DISTINCT FROM n.client_certificate_id),
            %(as_of)s
        )
        ELSE %(as_of)s
    END
FROM n
WHERE s.stage_id = n.stage_id
