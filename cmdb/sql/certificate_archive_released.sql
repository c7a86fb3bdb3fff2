-- Keep the last versions of certificates that were let go before their absence was proven.
INSERT INTO cmdb.certificate_closed
    (certificate_key, valid_from, valid_to, superseded_at, version_id, created_at, expires_at, serial,
     fingerprint_sha256, subject, proven_absent, payload)
SELECT c.certificate_key, c.valid_from, c.valid_to, %(as_of)s, c.version_id, c.created_at, c.expires_at,
       c.serial, c.fingerprint_sha256, c.subject, c.proven_absent, p.payload
FROM cmdb.certificate AS c
LEFT JOIN cmdb.certificate_payload AS p ON p.certificate_key = c.certificate_key
WHERE c.certificate_key = ANY(%(keys)s) AND c.valid_from < %(as_of)s
