-- What changed on some stages, version by version (the first changed nothing); looked up as in timelines.sql.
SELECT h.item_id, h.valid_from, array_remove(h.changed, 'deployment_id') AS changed, h.client_certificate_id
FROM unnest(%(stages)s::bigint[]) AS w (item_id)
CROSS JOIN LATERAL (
    SELECT v.item_id, v.valid_from, v.changed, v.client_certificate_id
    FROM report.stage_history AS v
    WHERE v.item_id = w.item_id
    OFFSET 0
) AS h
WHERE h.changed <> '{}'
ORDER BY h.item_id, h.valid_from
