-- Move the time at which a verdict that did not change has to be looked at again.
UPDATE compliance.record AS r
SET recheck_at = v.recheck_at
FROM pg_temp.verdict AS v
WHERE r.policy_key = %(policy_key)s AND r.stage_id = v.stage_id
