-- What policies found that a run judged for the first time although earlier nights were there, by policy and status.
SELECT p.policy_id, f.status, count(f.item_id) AS findings, count(f.exception_id) AS excepted
FROM report.policy AS p
LEFT JOIN report.finding AS f ON f.policy_id = p.policy_id
WHERE p.first_judged_at = %(as_of)s
GROUP BY p.policy_id, f.status
ORDER BY p.policy_id, f.status
