-- Findings by status: all, and those that took it in a run; not those of policies that it judged for the first time.
SELECT
    f.status,
    count(*) AS findings,
    count(*) FILTER (
        WHERE f.since = %(as_of)s
          AND f.policy_id NOT IN (SELECT p.policy_id FROM report.policy AS p WHERE p.first_judged_at = %(as_of)s)
    ) AS new
FROM report.finding AS f
GROUP BY f.status
