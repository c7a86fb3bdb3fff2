-- When a policy judged a stage first.
SELECT min(valid_from)
FROM report.finding_history
WHERE stage_id = %(stage_id)s AND policy_id = %(policy_id)s
