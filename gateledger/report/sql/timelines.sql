-- Compliance records of some stages, each stage looked up by its key: OFFSET 0 keeps the planner from scanning all records.
SELECT h.item_id, h.policy_id, h.status, h.condition, h.valid_from, h.valid_to
FROM unnest(%(stages)s::bigint[]) AS w (item_id)
CROSS JOIN LATERAL (
    SELECT f.item_id, f.policy_id, f.status, f.condition, f.valid_from, f.valid_to
    FROM report.finding_history AS f
    WHERE f.item_id = w.item_id
    OFFSET 0
) AS h
ORDER BY h.item_id, h.policy_id, h.valid_from
