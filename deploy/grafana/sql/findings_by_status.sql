SELECT lower(status) AS status, count(*) AS findings
FROM report.finding
WHERE policy_id IN ($policy) AND account_id IN ($account)
GROUP BY 1
ORDER BY 1
