-- Note why a policy's past nights could not be judged.
UPDATE compliance.backfill AS b
SET tried_at = %(as_of)s, error = %(error)s
FROM compliance.policy AS p
WHERE p.policy_key = b.policy_key AND p.policy_id = %(policy_id)s
