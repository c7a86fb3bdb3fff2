-- Stages, or APIs, that a reference may mean, gone ones included; what it does not say is null. Those that exist first.
SELECT item_id, item_type, resource_arn, account_id, account_name, region, api_id, stage_name,
       valid_to IS NULL AS exists_now
FROM report.item_identity
WHERE item_type = ANY (%(item_types)s)
  AND api_id = %(api_id)s
  AND (%(stage_name)s::text IS NULL OR stage_name = %(stage_name)s)
  AND (%(region)s::text IS NULL OR region = %(region)s)
  AND (%(partition)s::text IS NULL OR partition = %(partition)s)
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
ORDER BY exists_now DESC, resource_arn, account_id
LIMIT 1000
