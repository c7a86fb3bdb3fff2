-- How many findings of each status exceptions cover now, by policy, account and owner.
SELECT policy_id, account_id, owner, status, count(*) AS findings
FROM report.excepted
GROUP BY policy_id, account_id, owner, status
