-- Findings as they were at a time, worst status first; a filter that is null lets everything through.
SELECT policy_id, resource_arn, account_id, region, rest_api_id, stage_name, status, condition,
       valid_from, valid_to, since, account_name, policy_version, item_id, item_type, subjects, subject_count,
       exception_id, exception_until, api_id, name, owner
FROM report.finding_as_of(%(as_of)s)
WHERE (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR owner = ANY (%(owners)s))
  AND (NOT %(unowned)s OR owner IS NULL)
  -- In a CASE, for PostgreSQL takes IS NULL of what a view computes for rare.
  AND (%(excepted)s::boolean IS NULL
       OR CASE WHEN status <> '' THEN (exception_id IS NOT NULL) = %(excepted)s END)
ORDER BY array_position(%(order)s::text[], status), account_id, region, api_id, stage_name,
         resource_arn, policy_id
LIMIT %(limit)s
