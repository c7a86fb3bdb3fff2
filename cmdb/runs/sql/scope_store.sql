-- The state of the scopes now.
INSERT INTO cmdb.scope AS sc
    (account_region_id, item_type, status, failure_kind, operation, error, last_attempt_at, last_success_at,
     read_at, items, digest, tokens, calls, throttles, waited_seconds, duration_seconds)
SELECT account_region_id, item_type, status, failure_kind, operation, error, %(as_of)s,
       CASE WHEN status = 'complete' THEN %(as_of)s END,
       CASE WHEN status IN ('complete', 'partial') THEN %(as_of)s END,
       items, digest, tokens, calls, throttles, waited_seconds, duration_seconds
FROM pg_temp.outcome
ON CONFLICT (account_region_id, item_type) DO UPDATE
SET status = excluded.status,
    failure_kind = excluded.failure_kind,
    operation = excluded.operation,
    error = excluded.error,
    last_attempt_at = excluded.last_attempt_at,
    last_success_at = coalesce(excluded.last_success_at, sc.last_success_at),
    read_at = coalesce(excluded.read_at, sc.read_at),
    items = CASE WHEN excluded.read_at IS NULL THEN sc.items ELSE excluded.items END,
    digest = excluded.digest,
    tokens = coalesce(excluded.tokens, sc.tokens),
    calls = excluded.calls,
    throttles = excluded.throttles,
    waited_seconds = excluded.waited_seconds,
    duration_seconds = excluded.duration_seconds
