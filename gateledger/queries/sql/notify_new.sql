-- Findings whose incompliant episode began with a run; those that an exception covers only where wanted. What a
-- policy finds that the run judged for the first time, over an estate that was known, is not new.
SELECT f.account_id, f.account_name, f.region, f.rest_api_id, f.stage_name, f.resource_arn, f.policy_id, f.condition,
       f.owner, f.served_changes
FROM report.finding AS f
WHERE f.status = 'INCOMPLIANT' AND f.episode_since = %(as_of)s
  AND (%(include_excepted)s OR f.exception_id IS NULL)
  AND f.policy_id NOT IN (SELECT p.policy_id FROM report.policy AS p WHERE p.first_judged_at = %(as_of)s)
ORDER BY f.account_id, f.region, f.rest_api_id, f.stage_name, f.resource_arn, f.policy_id
