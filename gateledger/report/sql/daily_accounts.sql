-- Compliance of the accounts at the end of some days, by policy.
SELECT day, policy_id, account_id, sum(compliant)::bigint AS compliant, sum(incompliant)::bigint AS incompliant,
       sum(inapplicable)::bigint AS inapplicable, sum(undetermined)::bigint AS undetermined
FROM report.compliance_daily
WHERE day = ANY (%(days)s)
GROUP BY day, policy_id, account_id
ORDER BY account_id, day, policy_id
