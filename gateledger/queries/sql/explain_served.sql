-- What a stage served at a time (null: now) and which certificate it named, since when each, and what they changed.
SELECT v.deployment_id, v.deployment_served_at AS since, d.served_changes AS changes,
       nullif(btrim(v.client_certificate_id), '') AS certificate_id, v.certificate_named_at,
       b.version_id AS version_before_certificate
FROM (
    SELECT item_id, deployment_id, deployment_served_at, client_certificate_id, certificate_named_at
    FROM report.stage_history
    WHERE item_id = %(item_id)s AND (%(as_of)s::timestamptz IS NULL OR valid_from <= %(as_of)s)
    ORDER BY valid_from DESC
    LIMIT 1
) AS v
JOIN report.stage_history AS d ON d.item_id = v.item_id AND d.valid_from = v.deployment_served_at
LEFT JOIN report.stage_history AS b ON b.item_id = v.item_id AND b.valid_to = v.certificate_named_at
