-- All intervals of one stage, by account and policy, in the order of time.
SELECT policy_id, resource_arn, account_id, region, rest_api_id, stage_name, status, condition,
       valid_from, valid_to, since, account_name, policy_version, item_id, item_type, subjects, subject_count,
       api_id, name, owner, CASE WHEN %(detailed)s THEN served_changes END AS served_changes
FROM report.finding_history
WHERE resource_arn = %(arn)s
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
ORDER BY account_id, policy_id, valid_from
