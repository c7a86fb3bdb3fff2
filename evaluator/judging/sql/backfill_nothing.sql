-- Note that a policy has no past nights to judge: what it reads was not collected then.
UPDATE compliance.backfill AS b
SET done_at = %(as_of)s, nights = 0, tried_at = NULL, error = NULL
FROM compliance.policy AS p
WHERE p.policy_key = b.policy_key AND p.policy_id = %(policy_id)s
