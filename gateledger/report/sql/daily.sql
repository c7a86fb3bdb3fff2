-- Compliance of the whole estate at the end of each day from a day on, by policy.
SELECT day, policy_id, compliant, incompliant, inapplicable, undetermined
FROM report.compliance_daily_total
WHERE day >= %(first_day)s
ORDER BY day, policy_id
