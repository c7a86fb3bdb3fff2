-- Compliance records, by finding in the order of time; since a time: those that began or ended by then or later.
-- By time: in the order in which partitions by account, region and day are written.
SELECT CASE h.item_type
           WHEN 'stage' THEN report.finding_uid(h.policy_id, i.partition, h.account_id, h.region, h.rest_api_id, h.stage_name)
           ELSE report.finding_uid(h.policy_id, i.partition, h.account_id, h.region, h.resource_arn)
       END AS finding_id,
       h.policy_id, h.resource_arn, i.partition, h.account_id, h.account_name, h.region, h.rest_api_id, h.stage_name,
       h.status, h.condition, h.valid_from, h.valid_to, h.since, h.policy_version, h.item_type, h.name, h.owner
FROM report.finding_history AS h
JOIN report.item_identity AS i ON i.item_id = h.item_id
WHERE (%(statuses)s::text[] IS NULL OR h.status = ANY (%(statuses)s))
  AND (%(policies)s::text[] IS NULL OR h.policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR h.account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR h.region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR h.owner = ANY (%(owners)s))
  AND (%(since)s::timestamptz IS NULL OR h.valid_from >= %(since)s OR h.valid_to >= %(since)s)
ORDER BY h.account_id, h.region, CASE WHEN %(by_time)s THEN h.valid_from END, h.rest_api_id, h.stage_name,
         h.resource_arn, h.policy_id, h.valid_from
