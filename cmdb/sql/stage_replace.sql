-- Open the new versions of staged stages; the naming of a certificate goes on while nothing interrupts it.
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
FROM pg_temp.changed_stage AS n
WHERE s.stage_id = n.stage_id
