-- How many findings of each status there are now under the same filters as findings.sql.
SELECT status, count(*)
FROM report.finding
WHERE (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(excepted)s::boolean IS NULL OR (exception_id IS NOT NULL) = %(excepted)s)
GROUP BY status
