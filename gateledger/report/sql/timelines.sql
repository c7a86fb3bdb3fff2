-- Compliance records of some stages, each stage looked up by its key: OFFSET 0 keeps the planner from scanning all records.
SELECT h.stage_id, h.policy_id, h.status, h.condition, h.valid_from, h.valid_to
FROM unnest(%(stages)s::bigint[]) AS w (stage_id)
CROSS JOIN LATERAL (
    SELECT f.stage_id, f.policy_id, f.status, f.condition, f.valid_from, f.valid_to
    FROM report.finding_history AS f
    WHERE f.stage_id = w.stage_id
    OFFSET 0
) AS h
ORDER BY h.stage_id, h.policy_id, h.valid_from
