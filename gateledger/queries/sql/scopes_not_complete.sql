-- Scopes that the last attempt did not read completely, longest unread first.
SELECT account_id, region, item_type, status, last_success_at, last_attempt_at, error
FROM report.scope_health
WHERE status IN ('partial', 'failed', 'uncollected') AND retired_at IS NULL
ORDER BY last_success_at NULLS FIRST, account_id, region, item_type
