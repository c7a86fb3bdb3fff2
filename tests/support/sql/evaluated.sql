-- Every evaluation that there was: policy, time, staleness allowed then.
SELECT DISTINCT p.policy_id, e.as_of, e.max_staleness
FROM compliance.evaluation AS e
JOIN compliance.policy AS p ON p.policy_key = e.policy_key
ORDER BY p.policy_id, e.as_of
