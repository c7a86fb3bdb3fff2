-- Compliance records, by finding in the order of time; since a time: those that began or ended by then or later.
-- By time: in the order in which partitions by account, region and day are written.
SELECT CASE item_type
           WHEN 'stage' THEN report.finding_uid(policy_id, split_part(resource_arn, ':', 2), account_id, region,
                                                rest_api_id, stage_name)
           ELSE report.finding_uid(policy_id, split_part(resource_arn, ':', 2), account_id, region, resource_arn)
       END AS finding_id,
       policy_id, resource_arn, split_part(resource_arn, ':', 2) AS partition, account_id, account_name, region,
       rest_api_id, stage_name, status, condition, valid_from, valid_to, since, policy_version,
       item_type
FROM report.finding_history
WHERE (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
  AND (%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(since)s::timestamptz IS NULL OR valid_from >= %(since)s OR valid_to >= %(since)s)
ORDER BY account_id, region, CASE WHEN %(by_time)s THEN valid_from END, rest_api_id, stage_name, resource_arn, policy_id, valid_from
