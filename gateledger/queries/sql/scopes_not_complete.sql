-- Scopes that the last attempt did not read completely, or left out by a setting; longest unread first.
SELECT account_id, region, item_type, status, last_success_at, last_attempt_at, error, failure_kind, operation
FROM report.scope_health
WHERE (status IN ('partial', 'failed', 'uncollected') OR failure_kind IN ('excluded', 'denied_accepted', 'not_wanted'))
  AND retired_at IS NULL
ORDER BY last_success_at NULLS FIRST, account_id, region, item_type
