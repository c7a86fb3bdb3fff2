-- Stages with an ARN, in every account that ever held it.
SELECT DISTINCT item_id, resource_arn, account_id, account_name, region, rest_api_id, stage_name
FROM report.stage_history
WHERE region = %(region)s AND rest_api_id = %(rest_api_id)s AND stage_name = %(stage_name)s
  AND resource_arn = %(arn)s
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
ORDER BY account_id
