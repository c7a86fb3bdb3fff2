SELECT expires_at, days_left, stages_using, kind, certificate_id, account_id, region
FROM report.certificate
WHERE days_left <= 90 AND account_id IN ($account)
ORDER BY stages_using = 0, days_left
LIMIT 100
