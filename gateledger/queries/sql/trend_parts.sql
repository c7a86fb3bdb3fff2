-- The last days of chosen accounts and regions, by policy, account, region or severity.
SELECT t.day, CASE %(by)s WHEN 'severity' THEN NULL ELSE t.policy_id END AS policy_id,
       CASE %(by)s
           WHEN 'account' THEN t.account_id WHEN 'region' THEN t.region WHEN 'severity' THEN p.severity
           ELSE t.policy_id
       END AS name,
       sum(t.compliant)::bigint AS compliant, sum(t.incompliant)::bigint AS incompliant,
       sum(t.inapplicable)::bigint AS inapplicable, sum(t.undetermined)::bigint AS undetermined,
       report.percent(sum(t.compliant), sum(t.incompliant)) AS compliance_percent,
       sum(t.excepted)::bigint AS excepted,
       report.percent(sum(t.compliant), sum(t.incompliant) - sum(t.excepted)) AS compliance_percent_with_exceptions
FROM report.compliance_daily AS t
JOIN report.policy AS p ON p.policy_id = t.policy_id
WHERE t.day > (SELECT max(day) FROM report.compliance_daily_total) - %(days)s
  AND (%(policies)s::text[] IS NULL OR t.policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR t.account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR t.region = ANY (%(regions)s))
GROUP BY 1, 2, 3
ORDER BY 2, 3, 1
