-- Findings whose incompliant episode began with a run; those that an exception covers only where wanted.
SELECT account_id, account_name, region, rest_api_id, stage_name, policy_id, condition, owner
FROM report.finding
WHERE status = 'INCOMPLIANT' AND episode_since = %(as_of)s
  AND (%(include_excepted)s OR exception_id IS NULL)
ORDER BY account_id, region, rest_api_id, stage_name, policy_id
