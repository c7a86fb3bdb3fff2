-- Stages that are incompliant under a policy for the longest time.
SELECT account_id, account_name, region, rest_api_id, rest_api_name, stage_name, condition, since,
       episode_since, resource_arn, item_type, owner, exception_id
FROM report.finding
WHERE policy_id = %(policy_id)s AND status = 'INCOMPLIANT'
ORDER BY episode_since, account_id, region, rest_api_id, stage_name, resource_arn
LIMIT %(limit)s
