-- Which change closes how many of the findings that are incompliant and not excepted, most first; filters as in findings.sql.
SELECT policy_id, condition, item_type, severity, count(*) AS findings, count(DISTINCT account_id) AS accounts,
       (sum(count(*)) OVER ())::bigint AS total
FROM report.finding
-- As a CASE, which the planner takes for half of all: for a handful it would loop over all items for each.
WHERE CASE WHEN status = 'INCOMPLIANT' THEN exception_id IS NULL ELSE false END
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR owner = ANY (%(owners)s))
  AND (NOT %(unowned)s OR owner IS NULL)
GROUP BY policy_id, condition, item_type, severity
ORDER BY count(*) DESC, report.severity_place(severity), min(coalesce(episode_since, since)), policy_id, condition
LIMIT %(limit)s
