-- Open the new versions of staged certificates.
UPDATE cmdb.certificate AS c
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL, proven_absent = false,
    digest = n.digest, created_at = n.created_at, expires_at = n.expires_at, serial = n.serial,
    fingerprint_sha256 = n.fingerprint_sha256, subject = n.subject
FROM pg_temp.changed_certificate AS n
WHERE c.certificate_key = n.certificate_key
