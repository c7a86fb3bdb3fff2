-- The last days of chosen accounts and regions, by policy, account or region.
SELECT day, policy_id,
       CASE %(by)s WHEN 'account' THEN account_id WHEN 'region' THEN region ELSE policy_id END AS name,
       sum(compliant)::bigint AS compliant, sum(incompliant)::bigint AS incompliant,
       sum(inapplicable)::bigint AS inapplicable, sum(undetermined)::bigint AS undetermined,
       report.percent(sum(compliant), sum(incompliant)) AS compliance_percent
FROM report.compliance_daily
WHERE day > (SELECT max(day) FROM report.compliance_daily_total) - %(days)s
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
GROUP BY 1, 2, 3
ORDER BY 2, 3, 1
