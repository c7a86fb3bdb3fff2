-- The deployment that a stage served at a time (null: now), since when, and what that changed.
SELECT deployment_id, valid_from AS since, served_changes AS changes
FROM report.stage_history
WHERE item_id = %(item_id)s
  AND (%(as_of)s::timestamptz IS NULL OR valid_from <= %(as_of)s)
  AND (changed IS NULL OR 'deployment_id' = ANY (changed))
ORDER BY valid_from DESC
LIMIT 1
