-- Findings now, counted by account, region, policy and condition; since when the oldest of each has its status.
SELECT account_id, max(account_name) AS account_name, region, policy_id, status, condition,
       count(*) AS findings, min(since) AS oldest
FROM report.finding
GROUP BY account_id, region, policy_id, status, condition
ORDER BY account_id, region, policy_id, status, condition
