-- Incompliant findings that a plan is made for; those that an exception covers only where they are requested.
SELECT policy_id, resource_arn, partition, account_id, account_name, region, rest_api_id, stage_name, condition,
       remediation, severity, since, evaluated_at, item_id, item_type, exception_id
FROM report.finding
-- In a CASE, for PostgreSQL takes IS NULL of what a view computes for rare.
WHERE CASE WHEN status = 'INCOMPLIANT' THEN %(include_excepted)s OR exception_id IS NULL ELSE false END
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR owner = ANY (%(owners)s))
ORDER BY account_id, region, rest_api_id, stage_name, resource_arn, policy_id
