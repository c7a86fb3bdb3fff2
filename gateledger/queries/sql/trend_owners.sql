-- The last days by policy and owner (null: none that was known).
SELECT day, policy_id, owner AS name, compliant, incompliant, inapplicable, undetermined, compliance_percent,
       excepted, compliance_percent_with_exceptions
FROM report.compliance_daily_owner
WHERE day > (SELECT max(day) FROM report.compliance_daily_total) - %(days)s
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
ORDER BY policy_id, owner, day
