SELECT account_id, region, item_type, status, last_success_at, error
FROM report.scope_health
WHERE status IN ('partial', 'failed', 'uncollected') AND retired_at IS NULL AND account_id IN ($account)
ORDER BY last_success_at NULLS FIRST, account_id, region, item_type
LIMIT 200
