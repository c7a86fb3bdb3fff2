-- What a stage that was there and its canary served at a time (null: now) and which certificate it named, since when each, and what they changed, or why that is not said.
SELECT v.deployment_id, v.deployment_served_at AS since, o.changes,
       CASE
           WHEN o.changes IS NOT NULL THEN NULL
           WHEN d.changed[1] = 'reappeared' THEN 'the same as before the stage was gone'
           WHEN d.item_id IS NULL OR EXISTS (
               SELECT FROM report.stage_history AS h WHERE h.item_id = v.item_id AND h.valid_from < d.valid_from
           ) THEN 'what it changed is not kept any more'
           ELSE 'the first that is known'
       END AS note,
       v.canary_deployment_id, c.valid_from AS canary_changed_at, c.canary_changes,
       nullif(btrim(v.client_certificate_id), '') AS certificate_id, v.certificate_named_at,
       b.version_id AS version_before_certificate
FROM (
    SELECT item_id, valid_from, deployment_id, deployment_served_at, client_certificate_id, certificate_named_at,
           canary_deployment_id, disappeared_at
    FROM report.stage_history
    WHERE item_id = %(item_id)s AND (%(as_of)s::timestamptz IS NULL OR valid_from <= %(as_of)s)
    ORDER BY valid_from DESC
    LIMIT 1
) AS v
LEFT JOIN report.stage_history AS d ON d.item_id = v.item_id AND d.valid_from = v.deployment_served_at
CROSS JOIN LATERAL (
    SELECT nullif(d.served_changes[coalesce(cardinality(d.canary_changes), 0) + 1:], '{}') AS changes
) AS o
LEFT JOIN LATERAL (
    SELECT h.valid_from, h.canary_changes
    FROM report.stage_history AS h
    WHERE h.item_id = v.item_id AND h.valid_from <= v.valid_from AND h.canary_changes IS NOT NULL
    ORDER BY h.valid_from DESC
    LIMIT 1
) AS c ON true
LEFT JOIN report.stage_history AS b ON b.item_id = v.item_id AND b.valid_to = v.certificate_named_at
WHERE v.disappeared_at IS NULL OR v.disappeared_at > %(as_of)s
