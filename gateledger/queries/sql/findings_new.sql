-- Findings that took their present status in a run, by status; not those of policies that it judged for the first time.
SELECT f.status, count(*)
FROM report.finding AS f
WHERE f.since = %(as_of)s
  AND f.policy_id NOT IN (SELECT p.policy_id FROM report.policy AS p WHERE p.first_judged_at = %(as_of)s)
GROUP BY f.status
