-- What is known of some account-regions' certificates of one kind.
SELECT account_region_id, certificate_id, certificate_key, digest, valid_to, proven_absent
FROM cmdb.certificate
WHERE account_region_id = ANY(%(regions)s) AND kind = %(kind)s
