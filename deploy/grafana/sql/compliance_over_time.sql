SELECT day::timestamptz AS time, regexp_replace(policy_id, '.*/', '') AS metric,
       report.percent(sum(compliant), sum(incompliant)) AS value
FROM report.compliance_daily
WHERE $__timeFilter(day::timestamptz) AND policy_id IN ($policy) AND account_id IN ($account)
GROUP BY day, policy_id
ORDER BY day, policy_id
