-- The last days of the whole estate by policy or severity, from prepared totals.
SELECT t.day, CASE %(by)s WHEN 'severity' THEN NULL ELSE t.policy_id END AS policy_id,
       CASE %(by)s WHEN 'severity' THEN p.severity ELSE t.policy_id END AS name,
       sum(t.compliant)::bigint AS compliant, sum(t.incompliant)::bigint AS incompliant,
       sum(t.inapplicable)::bigint AS inapplicable, sum(t.undetermined)::bigint AS undetermined,
       report.percent(sum(t.compliant), sum(t.incompliant)) AS compliance_percent,
       sum(t.excepted)::bigint AS excepted,
       report.percent(sum(t.compliant), sum(t.incompliant) - sum(t.excepted)) AS compliance_percent_with_exceptions
FROM report.compliance_daily_total AS t
JOIN report.policy AS p ON p.policy_id = t.policy_id
WHERE t.day > (SELECT max(day) FROM report.compliance_daily_total) - %(days)s
  AND (%(policies)s::text[] IS NULL OR t.policy_id = ANY (%(policies)s))
GROUP BY 1, 2, 3
ORDER BY 2, 3, 1
