-- Scopes that could not be read, or only in part.
SELECT account_id, region, item_type, status, error
FROM report.scope_health
WHERE status IN ('partial', 'failed') AND retired_at IS NULL
ORDER BY account_id, region, item_type
