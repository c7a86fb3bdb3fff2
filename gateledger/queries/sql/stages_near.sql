-- ARNs of stages of the same API, or of the same name in the same region where the API is unknown, for a hint;
-- whatever the case of their letters.
SELECT resource_arn
FROM report.item_identity
WHERE item_type IN ('stage', 'api_stage')
  AND (%(region)s::text IS NULL OR region = %(region)s)
  AND (lower(api_id) = lower(%(api_id)s) OR lower(stage_name) = lower(%(stage_name)s))
ORDER BY lower(api_id) = lower(%(api_id)s) DESC, resource_arn
LIMIT 200
