-- Every version of every certificate, by names instead of keys.
SELECT c.kind, c.certificate_id, v.valid_from, v.valid_to, v.proven_absent, v.expires_at, v.serial
FROM (
    SELECT item_id, valid_from, valid_to, proven_absent, expires_at, serial FROM cmdb.certificate
    UNION ALL
    SELECT item_id, valid_from, valid_to, proven_absent, expires_at, serial FROM cmdb.certificate_closed
) AS v
JOIN cmdb.certificate AS c ON c.item_id = v.item_id
ORDER BY c.kind, c.certificate_id, v.valid_from
