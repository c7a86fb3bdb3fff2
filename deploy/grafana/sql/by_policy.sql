SELECT d.policy_id, max(p.severity) AS severity, report.percent(sum(d.compliant), sum(d.incompliant)) AS compliance,
       report.percent(sum(d.compliant), sum(d.incompliant) - sum(d.excepted)) AS "with exceptions",
       sum(d.incompliant) AS incompliant, sum(d.excepted) AS excepted, sum(d.undetermined) AS undetermined,
       sum(d.compliant) AS compliant, sum(d.inapplicable) AS inapplicable, max(p.resource_type) AS judges
FROM report.compliance_daily AS d
JOIN report.policy AS p ON p.policy_id = d.policy_id
WHERE d.policy_id IN ($policy) AND d.account_id IN ($account)
  AND d.day = (SELECT max(day) FROM report.compliance_daily_total)
GROUP BY d.policy_id
ORDER BY compliance NULLS LAST, incompliant DESC, d.policy_id
