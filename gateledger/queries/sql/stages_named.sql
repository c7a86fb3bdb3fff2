-- Stages that a reference may mean, gone ones included; what it does not say is null. Those that exist first.
SELECT resource_arn, account_id, region, rest_api_id, stage_name, bool_or(valid_to IS NULL) AS exists_now
FROM report.stage_history
WHERE rest_api_id = %(rest_api_id)s
  AND (%(stage_name)s::text IS NULL OR stage_name = %(stage_name)s)
  AND (%(region)s::text IS NULL OR region = %(region)s)
  AND (%(partition)s::text IS NULL OR resource_arn LIKE 'arn:' || %(partition)s || ':%%')
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
GROUP BY resource_arn, account_id, region, rest_api_id, stage_name
ORDER BY exists_now DESC, resource_arn, account_id
LIMIT 1000
