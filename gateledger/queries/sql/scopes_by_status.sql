-- How many scopes are in each state, and the oldest last success among them.
SELECT status, count(*), min(last_success_at)
FROM report.scope_health
WHERE retired_at IS NULL
GROUP BY status
ORDER BY status
