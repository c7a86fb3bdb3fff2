-- Compliance at the end of each day from a day on, by policy and account.
SELECT day, policy_id, account_id, sum(compliant)::bigint AS compliant, sum(incompliant)::bigint AS incompliant,
       sum(inapplicable)::bigint AS inapplicable, sum(undetermined)::bigint AS undetermined
FROM report.compliance_daily
WHERE day >= %(first_day)s
GROUP BY day, policy_id, account_id
ORDER BY day, policy_id, account_id
