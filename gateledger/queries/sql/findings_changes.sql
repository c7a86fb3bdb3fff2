-- Which change closes how many of the findings that are incompliant and not excepted, most first; filters as in findings.sql.
SELECT policy_id, condition, item_type, severity, count(*) AS findings, count(DISTINCT account_id) AS accounts,
       (sum(count(*)) OVER ())::bigint AS total
FROM report.finding
-- As a CASE, which the planner takes for half of all: for a handful it would loop over all items for each.
WHERE CASE WHEN status = 'INCOMPLIANT' THEN exception_id IS NULL ELSE false END
  AND
-- include: findings_filters
GROUP BY policy_id, condition, item_type, severity
ORDER BY count(*) DESC, report.severity_place(severity), min(coalesce(episode_since, since)), policy_id, condition
LIMIT %(limit)s
