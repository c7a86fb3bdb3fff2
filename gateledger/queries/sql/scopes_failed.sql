-- Scopes that could not be read, or only in part.
SELECT account_id, region, item_type, status, error, failure_kind, operation
FROM report.scope_health
WHERE status IN ('partial', 'failed') AND failure_kind IS DISTINCT FROM 'denied_accepted'
  AND retired_at IS NULL
ORDER BY account_id, region, item_type
