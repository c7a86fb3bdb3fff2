-- Scopes that neither this collecting run nor the one before read completely; is_new: this is the second such run.
WITH before AS (
    SELECT max(as_of) AS last, min(as_of) AS last_but_one
    FROM (
        SELECT DISTINCT as_of
        FROM report.run
        WHERE kind IN ('run', 'collect') AND as_of < %(as_of)s
        ORDER BY as_of DESC
        LIMIT 2
    ) AS runs
)
SELECT h.account_id, h.account_name, h.region, h.item_type, h.status, h.error, h.failure_kind, h.operation,
       h.last_success_at,
       CASE
           WHEN h.last_success_at IS NULL THEN h.state_since >= b.last
           ELSE h.last_success_at >= b.last_but_one
       END AS is_new
FROM report.scope_health AS h
CROSS JOIN before AS b
WHERE h.status IN ('partial', 'failed') AND h.failure_kind IS DISTINCT FROM 'denied_accepted'
  AND h.retired_at IS NULL
  AND coalesce(h.last_success_at < b.last, h.state_since <= b.last)
ORDER BY h.account_id, h.region, h.item_type
