-- The last evaluation of a policy.
SELECT as_of, policy_version_id, max_staleness
FROM compliance.evaluation
WHERE policy_key = %(policy_key)s
ORDER BY as_of DESC, run_id DESC
LIMIT 1
