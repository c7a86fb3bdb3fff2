-- Keep the versions that staged stages replace; one that began with this very run leaves no trace.
INSERT INTO cmdb.stage_closed
    (stage_id, valid_from, valid_to, superseded_at, version_id, deployment_id, client_certificate_id,
     certificate_named_at, payload)
SELECT s.stage_id, s.valid_from, coalesce(s.valid_to, %(as_of)s), %(as_of)s, s.version_id, s.deployment_id,
       s.client_certificate_id, s.certificate_named_at, p.payload
FROM pg_temp.changed_stage AS n
JOIN cmdb.stage AS s ON s.stage_id = n.stage_id
JOIN cmdb.stage_payload AS p ON p.stage_id = n.stage_id
WHERE s.valid_from < %(as_of)s
