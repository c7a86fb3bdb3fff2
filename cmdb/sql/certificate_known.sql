-- What is known of an account-region's certificates of one kind.
SELECT certificate_id, certificate_key, digest, valid_to, proven_absent
FROM cmdb.certificate
WHERE account_region_id = %(region)s AND kind = %(kind)s
