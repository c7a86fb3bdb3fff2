SELECT episode_since, account_id, region, item_type, rest_api_id, stage_name, condition, exception_id, policy_id,
       resource_arn
FROM report.finding
WHERE status = 'INCOMPLIANT' AND policy_id IN ($policy) AND account_id IN ($account)
ORDER BY episode_since, account_id, resource_arn
LIMIT 50
