-- How many scopes are in each state.
SELECT status, count(*) AS scopes
FROM report.scope_health
WHERE retired_at IS NULL
GROUP BY status
ORDER BY status
