-- How APIs stand under each policy, most incompliant items first; a status lets through those that have one with it.
SELECT policy_id, account_id, region, api_id, api_name, stages, compliant, incompliant, inapplicable, undetermined,
       compliance_percent, excepted, undetermined_excepted, compliance_percent_with_exceptions,
       oldest_incompliant, api_type, resource_type, account_name, partition
FROM report.api_compliance
WHERE (%(statuses)s::text[] IS NULL
       OR ('INCOMPLIANT' = ANY (%(statuses)s) AND incompliant > 0)
       OR ('UNDETERMINED' = ANY (%(statuses)s) AND undetermined > 0)
       OR ('COMPLIANT' = ANY (%(statuses)s) AND compliant > 0)
       OR ('INAPPLICABLE' = ANY (%(statuses)s) AND inapplicable > 0))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
ORDER BY incompliant DESC, undetermined DESC, account_id, region, api_id, policy_id
LIMIT %(limit)s
