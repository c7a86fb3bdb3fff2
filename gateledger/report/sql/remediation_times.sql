-- How long remediation takes, by policy and account.
SELECT policy_id, account_id, remediated, median_days, p90_days, still_open, oldest_open_days, mean_days,
       oldest_open_since
FROM report.time_to_remediate
ORDER BY policy_id, account_id
