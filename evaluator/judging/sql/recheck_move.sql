-- Move the time at which a verdict that did not change has to be looked at again; it is done with then.
WITH moved AS (
    DELETE FROM pg_temp.verdict
    WHERE is_same
    RETURNING item_id, recheck_at
)
UPDATE compliance.record AS r
SET recheck_at = m.recheck_at
FROM moved AS m
WHERE r.policy_key = %(policy_key)s AND r.item_id = m.item_id
