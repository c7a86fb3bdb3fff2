-- Compliance records of some stages.
SELECT stage_id, policy_id, status, condition, valid_from, valid_to
FROM report.finding_history
WHERE stage_id = ANY (%(stages)s)
ORDER BY stage_id, policy_id, valid_from
