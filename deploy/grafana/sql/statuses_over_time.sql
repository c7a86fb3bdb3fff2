SELECT day::timestamptz AS time, sum(incompliant) - sum(excepted) AS incompliant, sum(excepted) AS excepted,
       sum(undetermined) AS undetermined, sum(compliant) AS compliant, sum(inapplicable) AS inapplicable
FROM report.compliance_daily
WHERE $__timeFilter(day::timestamptz) AND policy_id IN ($policy) AND account_id IN ($account)
GROUP BY day
ORDER BY day
