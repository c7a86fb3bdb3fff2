-- When a policy judged a stage first.
SELECT min(valid_from)
FROM report.finding_history
WHERE item_id = %(item_id)s AND policy_id = %(policy_id)s
