-- Findings by status: all, and those that took it in a run; not those of policies that it judged for the first time.
SELECT
    f.status,
    count(*) AS findings,
    count(*) FILTER (WHERE f.since = %(as_of)s AND f.policy_id <> ALL (%(first)s::text[])) AS new
FROM report.finding AS f
GROUP BY f.status
