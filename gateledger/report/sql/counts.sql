-- Findings now, counted by account, region, policy and condition.
SELECT account_id, account_name, region, policy_id, status, condition, items
FROM report.condition_count
ORDER BY account_id, region, policy_id, status, condition
