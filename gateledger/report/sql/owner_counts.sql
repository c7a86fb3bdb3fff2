-- Findings now, counted by owner (null: none is known), policy and status; since when the oldest of each has its status.
SELECT owner, policy_id, status, count(*) AS findings, min(since) AS oldest, count(DISTINCT account_id) AS accounts
FROM report.finding
WHERE EXISTS (SELECT FROM report.item_owner)
GROUP BY owner, policy_id, status
ORDER BY owner, policy_id, status
