-- Open the new versions of staged stages; the naming of a certificate goes on while nothing interrupts it.
UPDATE cmdb.stage AS s
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL, bucket = n.bucket,
    digest = n.digest, deployment_id = n.deployment_id, client_certificate_id = n.client_certificate_id,
    certificate_named_at = CASE
        WHEN s.valid_to IS NULL AND s.client_certificate_id IS NOT DISTINCT FROM n.client_certificate_id
        THEN s.certificate_named_at
        ELSE %(as_of)s
    END
FROM pg_temp.changed_stage AS n
WHERE s.stage_id = n.stage_id
