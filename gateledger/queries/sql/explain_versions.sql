-- The version of a stage that held at a time and the one before it, latest first.
SELECT valid_from, valid_to, deployment_id, client_certificate_id, changed, served_changes, disappeared_at
FROM report.stage_history
WHERE item_id = %(item_id)s AND valid_from <= %(at)s
ORDER BY valid_from DESC
LIMIT 2
