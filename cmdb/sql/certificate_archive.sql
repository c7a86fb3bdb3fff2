-- Keep the versions that staged certificates replace; one that began with this very run leaves no trace.
INSERT INTO cmdb.certificate_closed
    (certificate_key, valid_from, valid_to, superseded_at, version_id, created_at, expires_at, serial,
     fingerprint_sha256, subject, proven_absent, payload)
SELECT c.certificate_key, c.valid_from, coalesce(c.valid_to, %(as_of)s), %(as_of)s, c.version_id,
       c.created_at, c.expires_at, c.serial, c.fingerprint_sha256, c.subject, c.proven_absent, p.payload
FROM pg_temp.changed_certificate AS n
JOIN cmdb.certificate AS c ON c.certificate_key = n.certificate_key
LEFT JOIN cmdb.certificate_payload AS p ON p.certificate_key = n.certificate_key
WHERE c.valid_from < %(as_of)s
