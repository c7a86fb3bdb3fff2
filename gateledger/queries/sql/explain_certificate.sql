-- What is known of a certificate that a stage names.
SELECT kind, certificate_id, created_at, expires_at, days_left, stages_using, disappeared_at, first_seen_at
FROM report.certificate
WHERE account_id = %(account_id)s AND region = %(region)s AND certificate_id = %(certificate_id)s
