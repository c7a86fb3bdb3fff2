-- When a policy judged an item first, and whether the evaluation of then is kept: if not, earlier ones may have been dropped.
SELECT min(h.valid_from) AS judged_first,
       EXISTS (
           SELECT FROM compliance.evaluation AS e
           JOIN compliance.policy AS p ON p.policy_key = e.policy_key
           WHERE p.policy_id = %(policy_id)s AND e.as_of = min(h.valid_from)
       ) AS is_kept
FROM report.finding_history AS h
WHERE h.item_id = %(item_id)s AND h.policy_id = %(policy_id)s
