-- The last days of the whole estate by policy, from prepared totals.
SELECT day, policy_id, policy_id AS name, compliant, incompliant, inapplicable, undetermined, compliance_percent
FROM report.compliance_daily_total
WHERE day > (SELECT max(day) FROM report.compliance_daily_total) - %(days)s
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
ORDER BY policy_id, day
