-- Drop evaluations of before the limit, but each policy's last.
DELETE FROM compliance.evaluation AS e
WHERE e.as_of <= %(limit)s
  AND EXISTS (
      SELECT FROM compliance.evaluation AS later
      WHERE later.policy_key = e.policy_key AND (later.as_of, later.run_id) > (e.as_of, e.run_id)
  )
