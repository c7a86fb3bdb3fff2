SELECT regexp_replace(policy_id, '.*/', '') AS policy, coalesce(max(account_name) || ' ', '') || account_id AS account,
       report.percent(sum(compliant), sum(incompliant)) AS compliance
FROM report.compliance_daily
WHERE policy_id IN ($policy) AND account_id IN ($account)
  AND day = (SELECT max(day) FROM report.compliance_daily_total)
GROUP BY policy_id, account_id
ORDER BY policy_id, account_id
