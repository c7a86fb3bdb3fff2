-- How many findings of each status there are now under the same filters as findings.sql.
SELECT status, count(*)
FROM report.finding
WHERE (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR owner = ANY (%(owners)s))
  AND (NOT %(unowned)s OR owner IS NULL)
  -- In a CASE, for PostgreSQL takes IS NULL of what a view computes for rare.
  AND (%(excepted)s::boolean IS NULL
       OR CASE WHEN status <> '' THEN (exception_id IS NOT NULL) = %(excepted)s END)
GROUP BY status
