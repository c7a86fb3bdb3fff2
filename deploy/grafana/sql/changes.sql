SELECT valid_from, status, condition, account_id, region, item_type, rest_api_id, stage_name, policy_id, resource_arn
FROM report.finding_history
WHERE $__timeFilter(valid_from) AND valid_from = since AND policy_id IN ($policy) AND account_id IN ($account)
ORDER BY valid_from DESC, account_id, resource_arn
LIMIT 100
