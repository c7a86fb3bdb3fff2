-- Compliance of owners at the end of some days, by policy.
SELECT day, policy_id, owner, compliant, incompliant, inapplicable, undetermined
FROM report.compliance_daily_owner
WHERE day = ANY (%(days)s) AND owner = ANY (%(owners)s)
ORDER BY owner, day, policy_id
