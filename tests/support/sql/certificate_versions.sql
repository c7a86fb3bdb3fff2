-- Every version of every certificate, by names instead of keys.
SELECT c.kind, c.certificate_id, v.valid_from, v.valid_to, v.proven_absent, v.expires_at, v.serial
FROM (
    SELECT certificate_key, valid_from, valid_to, proven_absent, expires_at, serial FROM cmdb.certificate
    UNION ALL
    SELECT certificate_key, valid_from, valid_to, proven_absent, expires_at, serial FROM cmdb.certificate_closed
) AS v
JOIN cmdb.certificate AS c ON c.certificate_key = v.certificate_key
ORDER BY c.kind, c.certificate_id, v.valid_from
