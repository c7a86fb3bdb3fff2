-- ARNs of stages of the same API, or of the same name in the same region where the API is unknown, for a hint.
SELECT DISTINCT resource_arn
FROM report.stage_history
WHERE (%(region)s::text IS NULL OR region = %(region)s)
  AND (rest_api_id = %(rest_api_id)s OR stage_name = %(stage_name)s)
ORDER BY resource_arn
LIMIT 200
