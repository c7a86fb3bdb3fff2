-- Incompliant episodes that a run found remediated.
SELECT account_id, account_name, region, rest_api_id, stage_name, resource_arn, policy_id, days, owner
FROM report.episode
WHERE outcome = 'COMPLIANT' AND ended_at = %(as_of)s
ORDER BY account_id, region, rest_api_id, stage_name, resource_arn, policy_id
