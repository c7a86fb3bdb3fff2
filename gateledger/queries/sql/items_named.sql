-- Items of a type with one of these ARNs, or with an ARN that ends so, gone ones included, in every account that
-- ever held one.
SELECT item_id, item_type, resource_arn, account_id, account_name, region, api_id, stage_name,
       valid_to IS NULL AS exists_now
FROM report.item_identity
WHERE item_type = %(item_type)s
  AND (%(region)s::text IS NULL OR region = %(region)s)
  AND (resource_arn = ANY (%(arns)s::text[]) OR split_part(resource_arn, ':/', 2) = %(ending)s)
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
ORDER BY exists_now DESC, resource_arn, account_id
