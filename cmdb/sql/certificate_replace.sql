-- Open new versions of certificates and keep those they replace; one that began with this very run leaves no trace, and one that was only proven absent had no payload.
WITH n AS MATERIALIZED (
    SELECT certificate_key, version_id, digest, created_at, expires_at, serial, fingerprint_sha256, subject, payload
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
        (certificate_key bigint, version_id bigint, digest bytea, created_at timestamptz, expires_at timestamptz,
         serial text, fingerprint_sha256 text, subject text, payload jsonb)
),
kept AS (
    INSERT INTO cmdb.certificate_closed
        (certificate_key, valid_from, valid_to, superseded_at, version_id, created_at, expires_at, serial,
         fingerprint_sha256, subject, proven_absent, payload)
    SELECT c.certificate_key, c.valid_from, coalesce(c.valid_to, %(as_of)s), %(as_of)s, c.version_id,
           c.created_at, c.expires_at, c.serial, c.fingerprint_sha256, c.subject, c.proven_absent, p.payload
    FROM n
    JOIN cmdb.certificate AS c ON c.certificate_key = n.certificate_key
    LEFT JOIN cmdb.certificate_payload AS p ON p.certificate_key = n.certificate_key
    WHERE c.valid_from < %(as_of)s
),
told AS (
    INSERT INTO cmdb.certificate_payload (certificate_key, payload)
    SELECT certificate_key, payload FROM n
    ON CONFLICT (certificate_key) DO UPDATE SET payload = excluded.payload
)
UPDATE cmdb.certificate AS c
SET version_id = n.version_id, valid_from = %(as_of)s, valid_to = NULL, proven_absent = false,
    digest = n.digest, created_at = n.created_at, expires_at = n.expires_at, serial = n.serial,
    fingerprint_sha256 = n.fingerprint_sha256, subject = n.subject
FROM n
WHERE c.certificate_key = n.certificate_key
