SELECT policy_id, account_id, account_name, remediated, median_days, p90_days, still_open, oldest_open_days
FROM report.time_to_remediate
WHERE policy_id IN ($policy) AND account_id IN ($account)
ORDER BY oldest_open_days DESC NULLS LAST, account_id
LIMIT 50
