SELECT report.percent(sum(compliant), sum(incompliant)) AS "compliance",
       report.percent(sum(compliant), sum(incompliant) - sum(excepted)) AS "with exceptions"
FROM report.compliance_daily
WHERE policy_id IN ($policy) AND account_id IN ($account)
  AND day = (SELECT max(day) FROM report.compliance_daily_total)
