-- ARNs of stages of the same API, or of the same name in the same region where the API is unknown, for a hint.
SELECT resource_arn
FROM report.item_identity
WHERE item_type IN ('stage', 'api_stage')
  AND (%(region)s::text IS NULL OR region = %(region)s)
  AND (api_id = %(api_id)s OR stage_name = %(stage_name)s)
ORDER BY resource_arn
LIMIT 200
